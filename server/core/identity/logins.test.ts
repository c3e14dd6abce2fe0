import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entityById, removeEntity, writeEntity } from './entities.ts';
import { removeGroupAlias, writeGroupAlias } from './group-aliases.ts';
import { groupById, writeGroup } from './groups.ts';
import { type OpenIdentity, openIdentity } from './identity-harness.ts';
import { externalMembers } from './memberships.ts';

const mountAccessor = 'auth_oidc_1';
const isMount = async (accessor: string) => accessor === mountAccessor;

async function externalGroup(real: OpenIdentity, name: string, policies: readonly string[]) {
  const wish = { name, type: 'external', policies };
  const { id } = await real.change((draft) => writeGroup(draft, undefined, wish, real.clock.now()));
  await real.change((draft) =>
    writeGroupAlias(draft, { name, mountAccessor, canonicalId: id }, isMount, real.clock.now()),
  );
  return { id, read: async () => real.change((draft) => groupById(draft, id)) };
}

describe('what a mount says at a login', () => {
  test('decides who is in an external group, at the next one too', async () => {
    const real = await openIdentity();
    const group = await externalGroup(real, 'Devs', ['deploy']);
    const login = (groupNames?: readonly string[]) =>
      real.logins.enter('root', { mountAccessor, name: 'ann', groupNames });
    const id = await login(['devs', 'nobody-knows-it']);
    assert.deepEqual((await real.view(id)).policies, ['deploy']);
    const { alias } = (await group.read()) ?? {};
    assert.ok(alias);
    assert.deepEqual(await externalMembers(real.records, alias), [id]);
    await login();
    assert.deepEqual((await real.view(id)).policies, ['deploy'], 'it said nothing of groups');
    await login([]);
    assert.deepEqual((await real.view(id)).policies, []);
    assert.deepEqual(await externalMembers(real.records, alias), []);
    assert.deepEqual(await real.strayKeys(), []);
  });

  test('counts for groups of that mount alone, and for none once their alias is gone', async () => {
    const real = await openIdentity();
    const group = await externalGroup(real, 'devs', ['deploy']);
    const other = await real.logins.enter('root', {
      mountAccessor: 'auth_ldap_1',
      name: 'ann',
      groupNames: ['devs'],
    });
    assert.deepEqual((await real.view(other)).policies, []);
    const id = await real.logins.enter('root', { mountAccessor, name: 'ann', groupNames: ['devs'] });
    assert.notEqual(id, other, 'two mounts may call two persons by one name');
    assert.deepEqual((await real.view(id)).policies, ['deploy']);
    const { alias } = (await group.read()) ?? {};
    await real.change((draft) => removeGroupAlias(draft, alias?.id ?? '', real.clock.now()));
    assert.deepEqual((await real.view(id)).policies, []);
  });

  test('is written when it is new, and only then', async () => {
    const real = await openIdentity();
    const enter = (metadata: Record<string, string>, groupNames: string[]) =>
      real.logins.enter('root', { mountAccessor, name: 'ann', metadata, groupNames });
    const id = await enter({ team: 'red' }, ['b', 'a']);
    const [before] = await real.entities();
    real.clock.advance(1000);
    await enter({ team: 'red' }, ['a', 'b', 'a']);
    assert.deepEqual(await real.entities(), [before]);
    await enter({ team: 'blue' }, ['a', 'b']);
    const [after] = await real.entities();
    assert.deepEqual(after?.aliases[0]?.metadata, { team: 'blue' });
    assert.equal((await real.view(id)).identity.entity?.aliases[0]?.metadata['team'], 'blue');
  });

  test('does not bring back at a renewal what was taken away', async () => {
    const real = await openIdentity();
    const login = { mountAccessor, name: 'ann', groupNames: ['a'] };
    const id = await real.logins.enter('root', login);
    await real.change(async (draft) => {
      const entity = await entityById(draft, id);
      if (entity) await removeEntity(draft, entity);
    });
    await real.logins.refresh('root', { ...login, groupNames: ['b'] });
    assert.deepEqual(await real.entities(), []);
  });

  test('is the same person for many at once', async () => {
    const real = await openIdentity();
    const entering = Array.from({ length: 40 }, (_, index) =>
      real.logins.enter('root', {
        mountAccessor,
        name: index % 2 ? 'ann' : 'ANN',
        groupNames: [`g${index}`],
      }),
    );
    assert.equal(new Set(await Promise.all(entering)).size, 1);
    assert.equal((await real.entities()).length, 1);
    assert.deepEqual(await real.strayKeys(), []);
  });
});

describe('a view of an entity', () => {
  test('is one object while nothing of the entity changes, whoever else comes and goes', async () => {
    const real = await openIdentity();
    const id = await real.logins.enter('root', { mountAccessor, name: 'ann' });
    const view = await real.view(id);
    await real.logins.enter('root', { mountAccessor, name: 'bob' });
    assert.equal(await real.view(id), view);
    assert.equal(view.isCurrent, true);
    await real.change((draft) => writeEntity(draft, { id, policies: ['p'] }, real.clock.now()));
    assert.equal(view.isCurrent, false);
    assert.deepEqual((await real.view(id)).policies, ['p']);
  });

  test('that is being made while the entity changes is not kept', async () => {
    const real = await openIdentity();
    const id = await real.logins.enter('root', { mountAccessor, name: 'ann' });
    const making = real.view(id);
    await real.change((draft) => writeEntity(draft, { id, disabled: true }, real.clock.now()));
    const made = await making;
    assert.ok(!made.isUsable || !made.isCurrent);
    assert.equal((await real.view(id)).isUsable, false);
  });

  test('of ids that never were is nobody’s', async () => {
    const real = await openIdentity();
    for (const id of ['', 'none', '../x', '00000000-0000-0000-0000-000000000000']) {
      const view = await real.view(id);
      assert.equal(view.isUsable, false);
      assert.deepEqual(view.policies, []);
    }
  });
});

describe('two nodes on one store', () => {
  test('know the same person, and each other’s changes from the next request on', async () => {
    const one = await openIdentity();
    const two = await openIdentity(one);
    const login = { mountAccessor, name: 'ann', groupNames: ['g'] };
    const entering = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? one : two).logins.enter('root', { ...login, groupNames: [`g${index}`] }),
    );
    const [id = '', ...others] = new Set(await Promise.all(entering));
    assert.deepEqual(others, []);
    await two.barrier.freshen();
    assert.equal((await two.view(id)).isUsable, true);
    await one.barrier.freshen();
    await one.change((draft) => writeEntity(draft, { id, disabled: true }, one.clock.now()));
    await two.barrier.freshen();
    assert.equal((await two.view(id)).isUsable, false);
    const group = { policies: ['p'], memberEntityIds: [id] };
    await two.change((draft) => writeGroup(draft, undefined, group, two.clock.now()));
    await one.barrier.freshen();
    assert.deepEqual((await one.view(id)).policies, ['p']);
    assert.deepEqual(await one.strayKeys(), []);
  });
});
