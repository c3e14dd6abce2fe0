import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { GitHub } from './github-harness.ts';
import { plugin } from './index.ts';

let github: GitHub;
const example = { login: 'example', id: 42 };
const team = (name: string, organizationId = 42) => ({
  name,
  slug: name.toLowerCase().replaceAll(' ', '-'),
  organizationId,
});

before(async () => {
  github = await new GitHub().start();
});
after(() => github.stop());
beforeEach(() => {
  github.broken = undefined;
  github.people.clear();
  github.people.set('alice-token', {
    login: 'Alice',
    organizations: [example],
    teams: [team('Platform Ops'), team('Secret', 666)],
  });
});

async function mount(config: JsonObject = {}): Promise<MethodHarness> {
  const method = await methodHarness(plugin);
  await method.call('write', 'config', {
    organization: 'example',
    base_url: `${github.url}/`,
    token_policies: ['all'],
    ...config,
  });
  return method;
}

function refused(message: RegExp, status = 400) {
  return (error: unknown) => {
    assert.ok(error instanceof Error && 'status' in error);
    assert.match(error.message, message);
    assert.equal(error.status, status);
    assert.doesNotMatch(error.message, /alice-token|canary/);
    return true;
  };
}

describe('a login with GitHub', () => {
  test('gives policies of the configuration, the teams of the organization and the user', async () => {
    const method = await mount();
    await method.call('write', 'map/teams/platform-ops', { value: 'ops, shared' });
    await method.call('write', 'map/teams/secret', { value: 'root-like' });
    await method.call('write', 'map/users/alice', { value: 'hers' });
    const grant = await method.login('login', { token: 'alice-token' });
    assert.deepEqual(grant.policies, ['all', 'hers', 'ops', 'shared']);
    assert.deepEqual(grant.metadata, { username: 'Alice', org: 'example' });
    assert.deepEqual(grant.alias, { name: 'Alice' });
    assert.deepEqual(grant.groupAliases, ['platform ops', 'platform-ops']);
  });

  test('a member of another organization of the same name, or of none, is refused', async () => {
    const method = await mount();
    for (const organizations of [[{ login: 'example', id: 43 }], []]) {
      github.people.set('alice-token', { login: 'Alice', organizations, teams: [team('x')] });
      await assert.rejects(
        method.login('login', { token: 'alice-token' }),
        refused(/^user is not part of required org$/),
      );
    }
  });

  test('all pages of organizations and teams are read', async () => {
    const method = await mount();
    const many = Array.from({ length: 250 }, (_, index) => ({ login: `o${index}`, id: 1000 + index }));
    const teams = Array.from({ length: 230 }, (_, index) => team(`t${index}`));
    github.people.set('alice-token', { login: 'Alice', organizations: [...many, example], teams });
    assert.equal((await method.login('login', { token: 'alice-token' })).groupAliases?.length, 230);
  });

  test('a token that GitHub refuses is refused, and what could break a header is never sent', async () => {
    const method = await mount();
    const message = refused(/^GitHub does not accept the token$/);
    await assert.rejects(method.login('login', { token: 'other' }), message);
    github.seen.length = 0;
    for (const token of ['a\r\nX: y', 'a b', 'ä', 'x'.repeat(2000)])
      await assert.rejects(method.login('login', { token }), message);
    assert.deepEqual(github.seen, []);
    await assert.rejects(method.login('login', {}), refused(/^missing token$/));
  });

  test('says that GitHub is away, follows no redirect, and repeats nothing of what it says', async () => {
    const method = await mount();
    for (const status of [500, 302, 403]) {
      github.broken = status;
      github.seen.length = 0;
      await assert.rejects(
        method.login('login', { token: 'alice-token' }),
        refused(new RegExp(`^GitHub did not answer as it should: the answer has status ${status}$`), 503),
      );
      assert.equal(github.seen.length, 1);
    }
  });

  test('is refused from outside the bound addresses, and before a configuration', async () => {
    const method = await mount({ token_bound_cidrs: ['10.0.0.0/8'] });
    await assert.rejects(method.login('login', { token: 'alice-token' }), refused(/permission denied/, 403));
    const none = await methodHarness(plugin);
    await assert.rejects(none.login('login', { token: 'x' }), refused(/^configuration has not been set$/));
  });

  test('is renewed as long as GitHub says the same, and with the groups of now', async () => {
    const method = await mount();
    await method.call('write', 'map/teams/platform-ops', { value: 'ops' });
    const grant = await method.login('login', { token: 'alice-token' });
    const renew = async () => method.method.renew?.({ internal: grant.internal ?? {}, grant });
    assert.deepEqual((await renew())?.groupAliases, ['platform ops', 'platform-ops']);
    github.people.set('alice-token', { login: 'Alice', organizations: [example], teams: [] });
    await assert.rejects(renew, refused(/^policies have changed, not renewing$/));
    github.people.set('alice-token', { login: 'Alice', organizations: [], teams: [] });
    await assert.rejects(renew, refused(/not part of required org/));
    github.people.clear();
    await assert.rejects(renew, refused(/does not accept the token/));
  });
});

describe('the configuration', () => {
  test('asks for the id of the organization, once, and again for another', async () => {
    const method = await mount();
    const id = async () => (await method.call('read', 'config'))?.data?.['organization_id'];
    assert.equal(await id(), 42);
    github.organizations.set('example', 66);
    await method.call('write', 'config', { token_ttl: 60 });
    assert.equal(await id(), 42, 'who takes over the name gets nothing');
    github.organizations.set('other', 77);
    await method.call('write', 'config', { organization: 'other' });
    assert.equal(await id(), 77);
    github.organizations.delete('other');
    github.organizations.set('example', 42);
  });

  test('is refused without an organization, with an unknown one, or with an address that is none', async () => {
    const method = await methodHarness(plugin);
    const bad: [JsonObject, RegExp][] = [
      [{}, /^organization is a required parameter$/],
      [{ organization: 'nobody', base_url: github.url }, /^unable to fetch the organization_id.*status 404$/],
      [{ organization: '../user', base_url: github.url }, /unable to fetch the organization_id/],
      [{ organization: 'example', base_url: 'file:///x' }, /no http or https URL/],
    ];
    for (const [config, message] of bad)
      await assert.rejects(method.call('write', 'config', config), refused(message));
    assert.equal(await method.call('read', 'config'), undefined);
  });

  test('maps of teams and users read back, list, and go', async () => {
    const method = await mount();
    await method.call('write', 'map/teams/Dev', { value: 'dev-policy' });
    assert.deepEqual((await method.call('read', 'map/teams/dev'))?.data, { key: 'dev', value: 'dev-policy' });
    assert.deepEqual((await method.call('list', 'map/teams'))?.data, { keys: ['dev'] });
    assert.equal(await method.call('list', 'map/users'), undefined);
    await method.call('delete', 'map/teams/dev');
    assert.equal(await method.call('read', 'map/teams/dev'), undefined);
  });
});
