import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathFilter } from './path-filter.ts';

describe('globs over paths', () => {
  it('keep a star within its segment, and let two stars cross them', () => {
    const filter = new PathFilter(['secret/*/key', 'auth/**/role/a?c', 'sys/policies/acl/team-*'], []);
    for (const path of ['secret/ai/key', 'auth/x/y/role/abc', 'auth/role/abc', 'sys/policies/acl/team-1'])
      assert.ok(filter.takes(path), path);
    for (const path of ['secret/a/b/key', 'secret/ai/keys', 'auth/x/role/abbc', 'sys/policies/acl/other'])
      assert.ok(!filter.takes(path), path);
  });

  it('cover what is below a folder that they name, and go before includes when they exclude', () => {
    const filter = new PathFilter(['secret/'], ['secret/old', '**/*.tmp']);
    assert.ok(filter.takes('secret/a/b'));
    assert.ok(!filter.takes('secret/old/a'));
    assert.ok(filter.takes('secret/older'));
    assert.ok(!filter.takes('secret/a/b.tmp'));
    assert.ok(!filter.takes('secrets/a'));
  });

  it('lead only into folders where something may be taken', () => {
    const filter = new PathFilter(['team/secret/ai/*'], ['team/secret/ai/old']);
    assert.deepEqual(
      ['team/', 'team/secret/', 'team/secret/ai/', 'team/secret/ai/old/', 'team/other/', 'secret/'].map(
        (folder) => filter.mayTakeBelow(folder),
      ),
      [true, true, true, false, false, false],
    );
    assert.ok(new PathFilter([], []).mayTakeBelow('anything/'));
  });

  it('answer at once for patterns made to be slow', () => {
    const filter = new PathFilter([`secret/${'*a'.repeat(200)}b`], []);
    assert.ok(!filter.takes(`secret/${'a'.repeat(5000)}`));
  });
});
