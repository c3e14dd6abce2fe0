import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CallOptions, startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
let accessor: string;

before(async () => {
  server = await startTestServer();
  accessor = await enableUserpass();
});
after(() => server.stop());

type Data = Readonly<Record<string, unknown>>;

async function enableUserpass(namespace?: string): Promise<string> {
  const where = namespace === undefined ? {} : { namespace };
  await ok('POST', 'sys/auth/userpass', { ...where, body: { type: 'userpass' } });
  const mounts = await ok('GET', 'sys/auth', where);
  const mount: unknown = mounts['userpass/'];
  assert.ok(typeof mount === 'object' && mount !== null && 'accessor' in mount);
  return String(mount.accessor);
}

/** The data of an answer that must not fail. */
async function ok(method: string, path: string, options: CallOptions = {}): Promise<Data> {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body.data ?? {};
}

async function status(method: string, path: string, options: CallOptions = {}): Promise<number> {
  return (await server.call(method, path, options)).status;
}

async function addUser(name: string, more: object = {}, namespace?: string): Promise<void> {
  const where = namespace === undefined ? {} : { namespace };
  await ok('POST', `auth/userpass/users/${name}`, { ...where, body: { password: 'correct horse', ...more } });
}

interface Login {
  readonly token: string;
  readonly entityId: string;
  readonly auth: Data;
}

async function login(name: string, namespace?: string): Promise<Login> {
  const where = namespace === undefined ? {} : { namespace };
  const body = { password: 'correct horse' };
  const answer = await server.call('POST', `auth/userpass/login/${name}`, { ...where, body, token: null });
  assert.equal(answer.status, 200, answer.text);
  const auth = answer.body.auth ?? {};
  return { token: String(auth['client_token']), entityId: String(auth['entity_id']), auth };
}

async function policy(name: string, text: string, namespace?: string): Promise<void> {
  const where = namespace === undefined ? {} : { namespace };
  await ok('PUT', `sys/policies/acl/${name}`, { ...where, body: { policy: text } });
}

async function entityIds(): Promise<readonly unknown[]> {
  const { keys } = (await server.call('LIST', 'identity/entity/id')).body.data ?? {};
  return Array.isArray(keys) ? keys : [];
}

describe('a login finds its entity', () => {
  test('the first makes it with an alias, later ones find it, in any case of the name', async () => {
    await addUser('Ada');
    const first = await login('ada');
    const second = await login('ADA');
    assert.match(first.entityId, /^[0-9a-f-]{36}$/);
    assert.equal(second.entityId, first.entityId);
    const { aliases, name, policies } = await ok('GET', `identity/entity/id/${first.entityId}`);
    assert.match(String(name), /^entity_[0-9a-f]{8}$/);
    assert.deepEqual(policies, []);
    assert.ok(Array.isArray(aliases) && aliases.length === 1);
    const [alias] = aliases;
    assert.equal(alias.name, 'ada');
    assert.equal(alias.mount_accessor, accessor);
    assert.equal(alias.mount_path, 'auth/userpass/');
    assert.equal(alias.canonical_id, first.entityId);
    const facts = await ok('GET', 'auth/token/lookup-self', { token: first.token });
    assert.equal(facts['entity_id'], first.entityId);
  });

  test('many first logins at once make one entity', async () => {
    await addUser('crowd');
    const before = await entityIds();
    const logins = await Promise.all(Array.from({ length: 12 }, () => login('crowd')));
    assert.equal(new Set(logins.map(({ entityId }) => entityId)).size, 1);
    assert.equal((await entityIds()).length, before.length + 1);
  });

  test('an alias made beforehand decides whose login it is', async () => {
    await addUser('grace');
    const entity = await ok('POST', 'identity/entity', { body: { name: 'Grace', policies: ['Team'] } });
    const canonical_id = entity['id'];
    await ok('POST', 'identity/entity-alias', {
      body: { name: 'GRACE', canonical_id, mount_accessor: accessor },
    });
    const { entityId, auth } = await login('grace');
    assert.equal(entityId, canonical_id);
    assert.deepEqual(auth['identity_policies'], ['team']);
    assert.deepEqual(auth['token_policies'], ['default']);
    assert.deepEqual(auth['policies'], ['default', 'team']);
  });

  test('a child of its token is the entity’s too, an orphan is not', async () => {
    await addUser('parent', { token_policies: 'maker' });
    await policy('maker', 'path "auth/token/create*" { capabilities = ["update", "sudo"] }');
    const { token, entityId } = await login('parent');
    const child = await server.call('POST', 'auth/token/create', { token, body: {} });
    assert.equal(child.body.auth?.['entity_id'], entityId);
    const orphan = await server.call('POST', 'auth/token/create-orphan', { token, body: {} });
    assert.equal(orphan.body.auth?.['entity_id'], '');
  });
});

describe('policies of an entity and its groups', () => {
  test('join those of tokens that are there already, and leave them, at once', async () => {
    await ok('POST', 'secret/data/shared', { body: { data: { value: 'seen' } } });
    await policy('reader', 'path "secret/data/shared" { capabilities = ["read"] }');
    await addUser('joan');
    const { token, entityId } = await login('joan');
    const read = () => status('GET', 'secret/data/shared', { token });
    assert.equal(await read(), 403);
    await ok('POST', `identity/entity/id/${entityId}`, { body: { policies: ['reader'] } });
    assert.equal(await read(), 200);
    const facts = await ok('GET', 'auth/token/lookup-self', { token });
    assert.deepEqual(facts['identity_policies'], ['reader']);
    assert.deepEqual(facts['policies'], ['default']);
    await ok('POST', `identity/entity/id/${entityId}`, { body: { policies: [] } });
    assert.equal(await read(), 403);

    const group = await ok('POST', 'identity/group', {
      body: { name: 'inner', member_entity_ids: [entityId] },
    });
    const outer = await ok('POST', 'identity/group', {
      body: { name: 'outer', member_group_ids: [group['id']], policies: ['reader'] },
    });
    assert.equal(await read(), 200);
    await ok('POST', `identity/group/id/${group['id']}`, { body: { member_entity_ids: [] } });
    assert.equal(await read(), 403);
    await ok('POST', `identity/group/id/${group['id']}`, { body: { member_entity_ids: [entityId] } });
    assert.equal(await read(), 200);
    await ok('DELETE', `identity/group/id/${outer['id']}`);
    assert.equal(await read(), 403);
  });

  test('never hold root, in no spelling', async () => {
    for (const name of ['root', 'Root', ' ROOT ', 'a,root']) {
      for (const path of ['identity/entity', 'identity/group']) {
        const answer = await server.call('POST', path, { body: { name: 'rooted', policies: name } });
        assert.equal(answer.status, 400, answer.text);
        assert.deepEqual(answer.body.errors, ['policies cannot contain root']);
      }
    }
  });

  test('fill templates with what the entity is, and with nothing that widens a path', async () => {
    await policy(
      'own',
      `path "secret/data/by-name/{{identity.entity.name}}/*" { capabilities = ["create", "read", "update"] }
       path "secret/data/by-alias/{{identity.entity.aliases.${accessor}.name}}" { capabilities = ["create", "read", "update"] }
       path "secret/data/team/{{identity.entity.metadata.team}}" { capabilities = ["create", "read", "update"] }
       path "secret/data/group/{{identity.groups.names.staff.metadata.area}}" { capabilities = ["create", "read", "update"] }`,
    );
    await addUser('tess', { token_policies: 'own' });
    const { token, entityId } = await login('tess');
    const write = (path: string) =>
      status('POST', `secret/data/${path}`, { token, body: { data: { value: 'x' } } });
    const self = `identity/entity/id/${entityId}`;
    assert.equal(await write('by-alias/tess'), 200);
    assert.equal(await write('by-alias/else'), 403);
    assert.equal(await write('team/red'), 403, 'no metadata yet');
    await ok('POST', self, { body: { name: 'tess', metadata: { team: 'red' } } });
    assert.equal(await write('by-name/tess/a'), 200);
    assert.equal(await write('by-name/other/a'), 403);
    assert.equal(await write('team/red'), 200);
    await ok('POST', 'identity/group', {
      body: { name: 'staff', member_entity_ids: [entityId], metadata: { area: 'ops' } },
    });
    assert.equal(await write('group/ops'), 200);
    for (const hostile of ['*', '+', 'a/b', '', '..']) {
      await ok('POST', self, { body: { metadata: { team: hostile } } });
      for (const path of ['team/red', 'team/a/b', 'team/x', 'team/*'])
        assert.equal(await write(path), 403, hostile);
    }
    for (const hostile of ['*', '+', 'by/name', 'té+st']) {
      await ok('POST', self, { body: { name: hostile } });
      assert.equal(await write('by-name/tess/a'), 403, hostile);
      assert.equal(await write('by-name/by/name/a'), 403, hostile);
    }
  });

  test('let everybody read who they are, by the default policy', async () => {
    await addUser('self');
    await addUser('other');
    const mine = await login('self');
    const theirs = await login('other');
    assert.equal(await status('GET', `identity/entity/id/${mine.entityId}`, { token: mine.token }), 200);
    assert.equal(await status('GET', `identity/entity/id/${theirs.entityId}`, { token: mine.token }), 403);
  });
});

describe('a disabled entity', () => {
  test('is refused wherever one of its tokens is used, and at login, until it is enabled', async () => {
    await policy('busy', 'path "*" { capabilities = ["create", "read", "update", "list", "sudo"] }');
    await addUser('dora', { token_policies: 'busy' });
    const { token, entityId } = await login('dora');
    const made = await server.call('POST', 'auth/token/create', { token, body: { policies: ['busy'] } });
    const child = String(made.body.auth?.['client_token']);
    const uses = [
      ['GET', 'auth/token/lookup-self'],
      ['POST', 'auth/token/renew-self'],
      ['POST', 'auth/token/create'],
      ['POST', 'sys/capabilities-self'],
      ['GET', 'secret/data/shared'],
      ['GET', 'sys/internal/ui/mounts/secret'],
      ['GET', 'sys/mounts'],
      ['GET', 'cubbyhole/x'],
    ] as const;
    await ok('POST', `identity/entity/id/${entityId}`, { body: { disabled: true } });
    for (const [method, path] of uses) {
      for (const used of [token, child]) {
        const body = method === 'POST' ? { body: { paths: ['secret/x'] } } : {};
        const answer = await server.call(method, path, { token: used, ...body });
        assert.equal(answer.status, 403, `${method} ${path} ${answer.text}`);
      }
    }
    const again = await server.call('POST', 'auth/userpass/login/dora', {
      token: null,
      body: { password: 'correct horse' },
    });
    assert.equal(again.status, 403, again.text);
    assert.equal((await server.call('POST', 'auth/token/renew', { body: { token } })).status, 403);
    await ok('POST', `identity/entity/id/${entityId}`, { body: { disabled: false } });
    assert.equal(await status('GET', 'auth/token/lookup-self', { token }), 200);
    await ok('DELETE', `identity/entity/id/${entityId}`);
    assert.equal(await status('GET', 'auth/token/lookup-self', { token }), 403, 'deleted');
    assert.equal(await status('GET', 'auth/token/lookup-self', { token: child }), 403, 'deleted');
    const { entityId: next } = await login('dora');
    assert.notEqual(next, entityId);
  });
});

describe('merging', () => {
  test('hands tokens, aliases and places in groups to the entity that stays', async () => {
    await policy('merged-reader', 'path "secret/data/merged" { capabilities = ["read"] }');
    await ok('POST', 'secret/data/merged', { body: { data: { value: 'seen' } } });
    await addUser('left');
    const { token, entityId: from } = await login('left');
    const { id: to } = await ok('POST', 'identity/entity', {
      body: { name: 'right', policies: ['merged-reader'] },
    });
    const { id: group } = await ok('POST', 'identity/group', {
      body: { name: 'of-left', member_entity_ids: [from] },
    });
    assert.equal(await status('GET', 'secret/data/merged', { token }), 403);
    await ok('POST', 'identity/entity/merge', { body: { from_entity_ids: [from], to_entity_id: to } });
    assert.equal(await status('GET', 'secret/data/merged', { token }), 200);
    assert.equal(await status('GET', `identity/entity/id/${from}`), 404);
    const entity = await ok('GET', `identity/entity/id/${to}`);
    assert.deepEqual(entity['merged_entity_ids'], [from]);
    assert.deepEqual(entity['direct_group_ids'], [group]);
    assert.deepEqual((await ok('GET', `identity/group/id/${group}`))['member_entity_ids'], [to]);
    assert.equal((await login('left')).entityId, to);
    await ok('POST', `identity/entity/id/${to}`, { body: { disabled: true } });
    assert.equal(await status('GET', 'secret/data/merged', { token }), 403, 'the one that stays is disabled');
  });

  test('of two aliases for one mount asks which stays', async () => {
    await addUser('one');
    await addUser('two');
    const one = await login('one');
    const two = await login('two');
    const body = { from_entity_ids: [one.entityId], to_entity_id: two.entityId };
    const refused = await server.call('POST', 'identity/entity/merge', { body });
    assert.equal(refused.status, 400, refused.text);
    const { aliases } = await ok('GET', `identity/entity/id/${one.entityId}`);
    assert.ok(Array.isArray(aliases));
    const conflicting_alias_ids_to_keep = [aliases[0].id];
    await ok('POST', 'identity/entity/merge', { body: { ...body, conflicting_alias_ids_to_keep } });
    assert.equal((await login('one')).entityId, two.entityId);
    assert.notEqual((await login('two')).entityId, two.entityId, 'its alias went, so it is somebody new');
  });
});

describe('names', () => {
  test('are the same in any case, and no spelling of one goes round a deny', async () => {
    await ok('POST', 'identity/entity/name/Secret-Person', { body: { metadata: { a: '1' } } });
    assert.equal(await status('POST', 'identity/entity', { body: { name: 'SECRET-PERSON' } }), 204);
    assert.equal((await ok('GET', 'identity/entity/name/secret-person'))['name'], 'SECRET-PERSON');
    await policy(
      'mostly',
      `path "identity/entity/name/*" { capabilities = ["create", "read", "update", "delete"] }
       path "identity/entity/name/SECRET-PERSON" { capabilities = ["deny"] }`,
    );
    const made = await server.call('POST', 'auth/token/create', {
      body: { policies: ['mostly'], no_default_policy: true },
    });
    const token = String(made.body.auth?.['client_token']);
    for (const name of ['SECRET-PERSON', 'secret-person', 'Secret-Person', 'secret%2Dperson']) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await server.call(method, `identity/entity/name/${name}`, {
          token,
          ...(method === 'POST' ? { body: { disabled: true } } : {}),
        });
        assert.equal(answer.status, 403, `${method} ${name} ${answer.text}`);
      }
    }
    assert.equal((await ok('GET', 'identity/entity/name/secret-person'))['disabled'], false);
  });

  test('may hold anything that a path can, and nothing else', async () => {
    for (const name of ['*', '+', 'a/b', 'grüße', '用户', 'x@y.z', "o'neil"]) {
      await ok('POST', 'identity/entity', { body: { name } });
      assert.equal((await ok('GET', `identity/entity/name/${encodeURI(name)}`))['name'], name);
    }
    for (const name of ['a//b', '/a', 'a/', '../a', 'a\u0000b', 'a\nb', 'e\u0301', 'x'.repeat(513)]) {
      for (const path of ['identity/entity', 'identity/group']) {
        const answer = await server.call('POST', path, { body: { name } });
        assert.equal(answer.status, 400, JSON.stringify(name));
      }
    }
  });

  test('of aliases may hold anything', async () => {
    const { id } = await ok('POST', 'identity/entity', { body: { name: 'odd-aliases' } });
    for (const name of ['*', '../x', 'https://issuer//sub', 'a\nb', '\u0130']) {
      const body = { name, canonical_id: id, mount_accessor: accessor };
      const alias = await ok('POST', 'identity/entity-alias', { body });
      const lookup = { alias_name: name.toLowerCase(), alias_mount_accessor: accessor };
      assert.equal((await ok('POST', 'identity/lookup/entity', { body: lookup }))['id'], id);
      await ok('DELETE', `identity/entity-alias/id/${alias['id']}`);
      assert.equal(await status('POST', 'identity/lookup/entity', { body: lookup }), 204);
    }
  });
});

describe('groups', () => {
  test('hold no cycle, whoever is told first', async () => {
    const group = async (name: string, members: unknown[]) =>
      (await ok('POST', 'identity/group', { body: { name, member_group_ids: members } }))['id'];
    const a = await group('cycle-a', []);
    const b = await group('cycle-b', [a]);
    const c = await group('cycle-c', [b]);
    for (const [id, members] of [
      [a, [c]],
      [a, [b]],
      [a, [a]],
    ]) {
      const answer = await server.call('POST', `identity/group/id/${id}`, {
        body: { member_group_ids: members },
      });
      assert.equal(answer.status, 400, answer.text);
    }
    const d = await group('cycle-d', []);
    const e = await group('cycle-e', []);
    const both = await Promise.all([
      status('POST', `identity/group/id/${d}`, { body: { member_group_ids: [e] } }),
      status('POST', `identity/group/id/${e}`, { body: { member_group_ids: [d] } }),
    ]);
    assert.deepEqual(both.sort(), [204, 400]);
  });

  test('of an unknown member, type or id are refused', async () => {
    const nobody = '00000000-0000-0000-0000-000000000000';
    for (const body of [
      { name: 'x', member_entity_ids: [nobody] },
      { name: 'x', member_group_ids: ['../../group'] },
      { name: 'x', type: 'other' },
      { id: nobody, name: 'x' },
      { name: 'x', type: 'external', member_group_ids: [nobody] },
    ]) {
      assert.equal(await status('POST', 'identity/group', { body }), 400, JSON.stringify(body));
    }
  });
});

describe('ids of one namespace', () => {
  test('are in another as if they did not exist, with every verb', async () => {
    await ok('POST', 'sys/namespaces/east', { body: {} });
    await ok('POST', 'sys/namespaces/west', { body: {} });
    const east = { namespace: 'east' };
    const eastAccessor = await enableUserpass('east');
    await addUser('eve', {}, 'east');
    const { entityId, token } = await login('eve', 'east');
    const { aliases } = await ok('GET', `identity/entity/id/${entityId}`, east);
    assert.ok(Array.isArray(aliases));
    const aliasId = aliases[0].id;
    const { id: groupId } = await ok('POST', 'identity/group', {
      ...east,
      body: { name: 'eastern', type: 'external' },
    });
    const { id: groupAliasId } = await ok('POST', 'identity/group-alias', {
      ...east,
      body: { name: 'eastern', mount_accessor: eastAccessor, canonical_id: groupId },
    });
    const nobody = '00000000-0000-0000-0000-000000000000';
    const places = [
      ['entity/id', entityId],
      ['entity-alias/id', aliasId],
      ['group/id', groupId],
      ['group-alias/id', groupAliasId],
    ] as const;
    for (const namespace of ['', 'west']) {
      const where = namespace === '' ? {} : { namespace };
      for (const [folder, id] of places) {
        for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'LIST']) {
          const options: CallOptions = {
            ...where,
            ...(method === 'POST' || method === 'PATCH'
              ? { body: { name: 'taken-over', mount_accessor: accessor, metadata: { a: 'b' } } }
              : {}),
            ...(method === 'PATCH' ? { headers: { 'Content-Type': 'application/merge-patch+json' } } : {}),
          };
          const foreign = await server.call(method, `identity/${folder}/${id}`, options);
          const unknown = await server.call(method, `identity/${folder}/${nobody}`, options);
          assert.equal(foreign.status, unknown.status, `${method} ${folder} ${foreign.text}`);
          assert.deepEqual(foreign.body.errors, unknown.body.errors);
        }
      }
      for (const body of [
        { id: entityId },
        { alias_id: aliasId },
        { alias_name: 'eve', alias_mount_accessor: eastAccessor },
      ])
        assert.equal(await status('POST', 'identity/lookup/entity', { ...where, body }), 204);
      const refused = [
        ['entity-alias', { name: 'eve', mount_accessor: eastAccessor }],
        ['group', { name: 'mine', member_entity_ids: [entityId] }],
        ['group', { name: 'mine', member_group_ids: [groupId] }],
        ['entity/merge', { from_entity_ids: [entityId], to_entity_id: nobody }],
        ['group-alias', { name: 'x', mount_accessor: eastAccessor }],
      ] as const;
      for (const [path, body] of refused)
        assert.equal(await status('POST', `identity/${path}`, { ...where, body }), 400, path);
      await ok('POST', 'identity/entity/batch-delete', { ...where, body: { entity_ids: [entityId] } });
    }
    assert.equal((await ok('GET', `identity/entity/id/${entityId}`, east))['id'], entityId);
    assert.equal((await ok('GET', `identity/group-alias/id/${groupAliasId}`, east))['name'], 'eastern');
    assert.equal(await status('GET', 'auth/token/lookup-self', { ...east, token }), 200);
  });
});

describe('a token made with a role', () => {
  test('belongs to the entity of the alias that was asked for, where the role allows it', async () => {
    await ok('POST', 'auth/token/roles/ci', { body: { allowed_entity_aliases: ['job-*', 'Named'] } });
    const create = (entity_alias: string) =>
      server.call('POST', 'auth/token/create/ci', { body: { entity_alias, policies: ['default'] } });
    const first = await create('job-1');
    const entityId = String(first.body.auth?.['entity_id']);
    const { aliases } = await ok('GET', `identity/entity/id/${entityId}`);
    assert.ok(Array.isArray(aliases));
    assert.equal(aliases[0].mount_type, 'token');
    assert.equal((await create('JOB-1')).body.auth?.['entity_id'], entityId);
    assert.notEqual((await create('job-2')).body.auth?.['entity_id'], entityId);
    assert.equal((await create('named')).status, 200);
    for (const refused of ['other', 'ajob-1', '*']) {
      const answer = await create(refused);
      assert.equal(answer.status, 400, refused);
      assert.deepEqual(answer.body.errors, ["invalid 'entity_alias' value"]);
    }
  });
});

describe('after a restart', () => {
  test('everybody is who they were, nothing is written again, batch tokens follow their entity too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-identity-'));
    const first = await startTestServer({ storage: 'sqlite', folder });
    const { rootToken, unsealKey } = first;
    const calling = (target: TestServer, method: string, path: string, body?: object, token = rootToken) =>
      target.call(method, path, { token, ...(body ? { body } : {}) });
    await calling(first, 'POST', 'sys/auth/userpass', { type: 'userpass' });
    const user = { password: 'correct horse', token_type: 'batch' };
    await calling(first, 'POST', 'auth/userpass/users/ann', user);
    const login = async (target: TestServer) =>
      (await calling(target, 'POST', 'auth/userpass/login/ann', { password: 'correct horse' })).body.auth ??
      {};
    const before = await login(first);
    const self = `identity/entity/id/${before['entity_id']}`;
    await calling(first, 'POST', self, { metadata: { team: 'red' } });
    const entity = (await calling(first, 'GET', self)).body.data;
    await first.stop();
    const second = await startTestServer({ storage: 'sqlite', folder, reopen: { rootToken, unsealKey } });
    try {
      assert.equal((await login(second))['entity_id'], before['entity_id']);
      assert.deepEqual((await calling(second, 'GET', self)).body.data, entity);
      const batch = String(before['client_token']);
      assert.match(batch, /^hvb\./);
      const look = () => calling(second, 'GET', 'auth/token/lookup-self', undefined, batch);
      assert.equal((await look()).status, 200);
      await calling(second, 'POST', self, { disabled: true });
      assert.equal((await look()).status, 403);
    } finally {
      await second.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a token of a namespace, made from outside', () => {
  test('is its parent’s entity’s, with the policies that the entity has where it lives', async () => {
    await ok('POST', 'sys/namespaces/north', { body: {} });
    const north = { namespace: 'north' };
    await ok('POST', 'sys/mounts/kv', { ...north, body: { type: 'kv' } });
    await ok('POST', 'kv/a', { ...north, body: { value: 'seen' } });
    await policy('northern', 'path "kv/*" { capabilities = ["deny"] }', 'north');
    await policy('northern', 'path "north/kv/*" { capabilities = ["read"] }');
    await policy('outside', 'path "north/auth/token/create" { capabilities = ["update", "sudo"] }');
    await addUser('nora', { token_policies: 'outside' });
    const parent = await login('nora');
    const made = await server.call('POST', 'auth/token/create', { ...north, token: parent.token, body: {} });
    const token = String(made.body.auth?.['client_token']);
    assert.equal(made.body.auth?.['entity_id'], parent.entityId);
    const read = () => status('GET', 'kv/a', { ...north, token });
    assert.equal(await read(), 403);
    await ok('POST', `identity/entity/id/${parent.entityId}`, { body: { policies: ['northern'] } });
    assert.equal(await read(), 200);
    const facts = await ok('GET', 'auth/token/lookup-self', { ...north, token });
    assert.equal(facts['identity_policies'], undefined, 'names of another namespace would mislead');
    assert.equal(await status('GET', `identity/entity/id/${parent.entityId}`, north), 404);
    await ok('POST', `identity/entity/id/${parent.entityId}`, { body: { disabled: true } });
    assert.equal(await read(), 403);
    assert.equal(await status('GET', 'auth/token/lookup-self', { ...north, token }), 403);
  });
});

describe('the audit log', () => {
  test('says whose token it was, and which policies came with the entity', async () => {
    const file = join(server.folder, 'audit.log');
    await ok('PUT', 'sys/audit/file', { body: { type: 'file', options: { file_path: file } } });
    await policy('audited', 'path "secret/data/audited" { capabilities = ["read"] }');
    await addUser('audrey');
    const { token, entityId } = await login('audrey');
    await ok('POST', `identity/entity/id/${entityId}`, { body: { policies: ['audited'] } });
    await status('GET', 'secret/data/audited', { token });
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((each) => each.includes('"path":"secret/data/audited"') && each.includes('"type":"response"'));
    const { auth } = JSON.parse(line ?? '{}');
    assert.equal(auth.entity_id, entityId);
    assert.deepEqual(auth.identity_policies, ['audited']);
    assert.deepEqual(auth.token_policies, ['default']);
    assert.deepEqual(auth.policies, ['audited', 'default']);
    await ok('DELETE', 'sys/audit/file');
  });
});
