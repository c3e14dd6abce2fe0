import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../start-server.ts';

/** What may stand in metadata, and which of it a template may put into a path. */
const values = ['red', 'blue', 'x+y', '*', '+', '+x', 'a/b', '..', ''];
const harmless = ['red', 'blue', 'x+y'];
const people = ['ann', 'bob', 'cy', 'dee'];
const groups = ['g0', 'g1'];

const is = <const T extends string>(type: T) => fc.constant(type);
const person = fc.nat({ max: people.length - 1 });
const value = fc.constantFrom(...values);
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: is('team'), person, value }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: is('group'),
      name: fc.constantFrom(...groups),
      members: fc.uniqueArray(person, { maxLength: 3 }),
      area: value,
      policies: fc.subarray(['p0', 'p1']),
      hasOther: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: is('merge'), to: person, from: person }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

interface Entity {
  readonly id: string;
  team: string | undefined;
}
interface Group {
  readonly id: string;
  members: Entity[];
  area: string | undefined;
  policies: readonly string[];
  hasOther: boolean;
}

describe('what identity lets a token do', () => {
  let server: TestServer;
  let rounds = 0;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  async function ok(namespace: string, method: string, path: string, body?: object) {
    const answer = await server.call(method, path, { ...(body ? { body } : {}), namespace });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** A namespace of its own: four people, each at a mount of their own so that all can be merged, and two groups. */
  async function world() {
    const namespace = `round-${rounds++}`;
    await ok('', 'PUT', `sys/namespaces/${namespace}`);
    const read = (path: string) => `path "${path}" { capabilities = ["read"] }`;
    const templated = [
      read('t/team/{{identity.entity.metadata.team}}/*'),
      read('t/id/{{identity.entity.id}}'),
      read('t/area/{{identity.groups.names.g0.metadata.area}}'),
    ];
    await ok(namespace, 'PUT', 'sys/policies/acl/templated', { policy: templated.join('\n') });
    for (const name of ['p0', 'p1'])
      await ok(namespace, 'PUT', `sys/policies/acl/${name}`, { policy: read(`p/${name}`) });
    const tokens: string[] = [];
    const owners: Entity[] = [];
    for (const name of people) {
      await ok(namespace, 'POST', `sys/auth/${name}`, { type: 'approle' });
      await ok(namespace, 'POST', `auth/${name}/role/r`, { token_policies: 'templated' });
      await ok(namespace, 'POST', `auth/${name}/role/r/role-id`, { role_id: name });
      const secret = await ok(namespace, 'POST', `auth/${name}/role/r/secret-id`);
      const body = { role_id: name, secret_id: secret.data?.['secret_id'] };
      const { auth } = await ok(namespace, 'POST', `auth/${name}/login`, body);
      tokens.push(String(auth?.['client_token']));
      owners.push({ id: String(auth?.['entity_id']), team: undefined });
    }
    const made = new Map<string, Group>();
    for (const name of groups) {
      const { data } = await ok(namespace, 'POST', 'identity/group', { name });
      made.set(name, {
        id: String(data?.['id']),
        members: [],
        area: undefined,
        policies: [],
        hasOther: false,
      });
    }
    return { namespace, tokens, owners, groups: made };
  }
  type World = Awaited<ReturnType<typeof world>>;

  async function step({ namespace, owners, groups }: World, todo: Action): Promise<void> {
    if (todo.type === 'team') {
      const entity = owners[todo.person];
      assert.ok(entity);
      await ok(namespace, 'POST', `identity/entity/id/${entity.id}`, { metadata: { team: todo.value } });
      entity.team = todo.value;
    } else if (todo.type === 'merge') {
      const [to, from] = [owners[todo.to], owners[todo.from]];
      if (!to || !from || to === from) return;
      const body = { to_entity_id: to.id, from_entity_ids: [from.id] };
      await ok(namespace, 'POST', 'identity/entity/merge', body);
      for (const [n, owner] of owners.entries()) if (owner === from) owners[n] = to;
      for (const group of groups.values())
        group.members = group.members.map((each) => (each === from ? to : each));
    } else {
      const group = groups.get(todo.name);
      const other = [...groups.values()].find((each) => each !== group);
      assert.ok(group && other);
      const hasOther = todo.hasOther && !other.hasOther;
      const members = [...new Set(todo.members.flatMap((n) => owners[n] ?? []))];
      await ok(namespace, 'POST', `identity/group/id/${group.id}`, {
        member_entity_ids: members.map(({ id }) => id),
        member_group_ids: hasOther ? [other.id] : [],
        policies: todo.policies,
        metadata: { area: todo.area },
      });
      Object.assign(group, { members, hasOther, policies: todo.policies, area: todo.area });
    }
  }

  /** The paths that the model lets somebody read. */
  function readable({ groups }: World, entity: Entity): string[] {
    const isIn = (group: Group): boolean =>
      group.members.includes(entity) ||
      (group.hasOther &&
        [...groups.values()].some((other) => other !== group && other.members.includes(entity)));
    const own = [...groups.values()].filter(isIn);
    const area = own.find((group) => group === groups.get('g0'))?.area;
    return [
      ...harmless.filter((text) => text === entity.team).map((text) => `t/team/${text}/x`),
      ...harmless.filter((text) => text === area).map((text) => `t/area/${text}`),
      ...new Set(own.flatMap(({ policies }) => policies).map((name) => `p/${name}`)),
      `t/id/${entity.id}`,
    ].sort();
  }

  async function compare(here: World): Promise<void> {
    const texts = values.filter((text) => text !== '..' && text !== '');
    const ids = new Set(here.owners.map(({ id }) => `t/id/${id}`));
    const paths = [
      ...texts.flatMap((text) => [`t/team/${text}/x`, `t/area/${text}`]),
      'p/p0',
      'p/p1',
      ...ids,
    ];
    for (const [n, token] of here.tokens.entries()) {
      const entity = here.owners[n];
      assert.ok(entity);
      const { data } = await ok(here.namespace, 'POST', 'sys/capabilities', { token, paths });
      const granted = paths.filter((path) => String(data?.[path]) === 'read');
      assert.deepEqual(granted.sort(), readable(here, entity), `${people[n]}`);
    }
  }

  test('is what a plain model of it says, whatever is merged, grouped and written into metadata', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), async (todos) => {
        const here = await world();
        await compare(here);
        for (const todo of todos) {
          await step(here, todo);
          await compare(here);
        }
      }),
      { numRuns: 10, seed: 4 },
    );
  });
});
