import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutPostgresql } from '../../../tests/postgresql.ts';
import { connectionTo, creation, databaseStage, roleNames } from './database-harness.ts';

const wanted = 500;
const atOnce = 25;

test('500 credentials are made and ended over four connections, and none is left behind', {
  skip: withoutPostgresql(),
}, async () => {
  const stage = await databaseStage();
  try {
    await stage.ok('POST', 'database/config/pg', connectionTo(stage.postgresql));
    await stage.ok('POST', 'database/roles/app', { db_name: 'pg', creation_statements: creation });
    const sql = `SELECT 1 FROM pg_stat_activity WHERE usename = 'vault-admin'`;
    let most = 0;
    const names = new Set<string>();
    for (let made = 0; made < wanted; made += atOnce) {
      const some = Array.from({ length: atOnce }, () => stage.ok('GET', 'database/creds/app'));
      most = Math.max(most, (await stage.postgresql.query(sql)).length);
      for (const { data } of await Promise.all(some)) names.add(String(data?.['username']));
    }
    assert.equal(names.size, wanted);
    assert.equal((await roleNames(stage.postgresql, 'v-%')).length, wanted);
    assert.ok(most >= 1 && most <= 4, `${most} connections`);
    await stage.ok('PUT', 'sys/leases/revoke-prefix/database/creds/app', { sync: true });
    assert.deepEqual(await roleNames(stage.postgresql, 'v-%'), []);
    assert.ok((await stage.postgresql.query(sql)).length <= 4);
    await stage.ok('POST', 'database/reset/pg');
  } finally {
    await stage.dispose();
  }
});
