import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CofferError } from '../../contracts/errors.ts';
import { entityById, removeEntity, writeEntity } from './entities.ts';
import { removeAlias, writeAlias } from './entity-aliases.ts';
import { writeGroupAlias } from './group-aliases.ts';
import { groupById, removeGroup, writeGroup } from './groups.ts';
import { type OpenIdentity, openIdentity } from './identity-harness.ts';
import { mergeEntities } from './merge-entities.ts';

/** What identity is, as plainly as it can be said: no indexes, no back references, no cache. */
interface ModelEntity {
  readonly id: string;
  policies: string[];
  disabled: boolean;
  aliases: { id: string; mount: string; name: string; groups: string[] }[];
  merged: string[];
}
interface ModelGroup {
  readonly id: string;
  readonly isExternal: boolean;
  policies: string[];
  members: string[];
  children: string[];
  alias?: { mount: string; name: string };
}
interface Model {
  readonly entities: Map<string, ModelEntity>;
  readonly groups: Map<string, ModelGroup>;
  /** Every id that a token may have been given. */
  readonly everIds: string[];
}

const mounts = ['auth_a', 'auth_b'];
const index = fc.nat({ max: 5 });
const mount = fc.constantFrom(...mounts);
const name = fc.constantFrom('ann', 'ANN', 'bob', 'b/*');
const policies = fc.subarray(['p', 'q', 'r']);
const groupNames = fc.subarray(['devs', 'ops', 'Devs']);

const some = (max: number) => fc.uniqueArray(index, { maxLength: max });
const is = <const T extends string>(type: T) => fc.constant(type);
const likely = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const action = fc.oneof(
  likely(2, fc.record({ type: is('entity'), policies, disabled: fc.boolean() })),
  likely(4, fc.record({ type: is('login'), mount, name, groupNames })),
  likely(2, fc.record({ type: is('alias'), entity: index, mount, name })),
  likely(1, fc.record({ type: is('unalias'), entity: index })),
  likely(1, fc.record({ type: is('delete'), entity: index })),
  likely(
    6,
    fc.record({
      type: is('merge'),
      to: index,
      from: fc.array(index, { minLength: 1, maxLength: 2 }),
      keep: fc.constantFrom('none', 'to', 'from'),
    }),
  ),
  likely(3, fc.record({ type: is('group'), policies, members: some(3), children: some(2) })),
  likely(2, fc.record({ type: is('regroup'), group: index, members: some(3), children: some(2) })),
  likely(2, fc.record({ type: is('external'), policies, mount, name: fc.constantFrom('devs', 'OPS') })),
  likely(1, fc.record({ type: is('ungroup'), group: index })),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Where every run begins, so that there is something to merge. */
const beginnings: readonly Action[] = [
  { type: 'login', mount: 'auth_a', name: 'ann', groupNames: ['devs'] },
  { type: 'login', mount: 'auth_b', name: 'bob', groupNames: [] },
  { type: 'login', mount: 'auth_a', name: 'b/*', groupNames: ['ops'] },
  { type: 'entity', policies: ['p'], disabled: false },
  { type: 'group', policies: ['q'], members: [0, 2], children: [] },
];

/** The n-th of what there is, going round. */
function pick<T>(all: ReadonlyMap<string, T>, n: number): T | undefined {
  const values = [...all.values()];
  return values[n % Math.max(1, values.length)];
}

function ids<T extends { readonly id: string }>(
  all: ReadonlyMap<string, T>,
  picks: readonly number[],
): string[] {
  return [...new Set(picks.flatMap((n) => pick(all, n)?.id ?? []))];
}

/** True when it was done, false when it was refused as a wrong request. */
async function attempt(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof CofferError && error.code === 'invalid-request') return false;
    throw error;
  }
}

const isMount = async (accessor: string) => mounts.includes(accessor);
const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function reaches(model: Model, from: string, to: string): boolean {
  return from === to || (model.groups.get(from)?.children ?? []).some((child) => reaches(model, child, to));
}

async function step(real: OpenIdentity, model: Model, todo: Action): Promise<void> {
  const nowMs = real.clock.now();
  switch (todo.type) {
    case 'entity': {
      const wish = { policies: todo.policies, disabled: todo.disabled };
      const { entity } = await real.change((draft) => writeEntity(draft, wish, nowMs));
      model.everIds.push(entity.id);
      model.entities.set(entity.id, { id: entity.id, ...wish, aliases: [], merged: [] });
      return;
    }
    case 'login':
      return login(real, model, todo);
    case 'alias': {
      const entity = pick(model.entities, todo.entity);
      if (!entity) return;
      const wish = { name: todo.name, mountAccessor: todo.mount, canonicalId: entity.id };
      const owner = [...model.entities.values()].find(({ aliases }) =>
        aliases.some((alias) => alias.mount === todo.mount && same(alias.name, todo.name)),
      );
      const hasOther = entity.aliases.some((alias) => alias.mount === todo.mount);
      const done = await attempt(
        real
          .change((draft) => writeAlias(draft, wish, isMount, nowMs))
          .then((owned) => {
            if (!owned || owner === entity) return;
            const moved = owner?.aliases.find(({ id }) => id === owned.alias.id);
            if (owner) owner.aliases = owner.aliases.filter((alias) => alias !== moved);
            const groups = moved?.groups ?? [];
            entity.aliases.push({ id: owned.alias.id, mount: todo.mount, name: todo.name, groups });
          }),
      );
      assert.equal(done, owner === entity || !hasOther, 'alias');
      return;
    }
    case 'unalias': {
      const entity = pick(model.entities, todo.entity);
      const [alias] = entity?.aliases ?? [];
      if (!entity || !alias) return;
      await real.change((draft) => removeAlias(draft, alias.id, nowMs));
      entity.aliases = entity.aliases.filter((other) => other !== alias);
      return;
    }
    case 'delete': {
      const entity = pick(model.entities, todo.entity);
      if (!entity) return;
      await real.change(async (draft) => {
        const found = await entityById(draft, entity.id);
        if (found) await removeEntity(draft, found);
      });
      model.entities.delete(entity.id);
      for (const group of model.groups.values())
        group.members = group.members.filter((id) => id !== entity.id);
      return;
    }
    case 'merge':
      return merge(real, model, todo);
    default:
      return groupStep(real, model, todo);
  }
}

async function login(
  real: OpenIdentity,
  model: Model,
  todo: Extract<Action, { type: 'login' }>,
): Promise<void> {
  const owner = [...model.entities.values()].find(({ aliases }) =>
    aliases.some((alias) => alias.mount === todo.mount && same(alias.name, todo.name)),
  );
  const entering = real.logins.enter('root', {
    mountAccessor: todo.mount,
    name: todo.name,
    groupNames: todo.groupNames,
  });
  if (owner?.disabled) {
    await assert.rejects(entering, { code: 'permission-denied' });
    return;
  }
  const id = await entering;
  if (owner) {
    assert.equal(id, owner.id, 'a known alias leads to its entity');
    const alias = owner.aliases.find((each) => each.mount === todo.mount && same(each.name, todo.name));
    if (alias) alias.groups = todo.groupNames;
    return;
  }
  assert.ok(!model.everIds.includes(id));
  model.everIds.push(id);
  const made = (await real.entities()).find((entity) => entity.id === id)?.aliases[0]?.id ?? '';
  const alias = { id: made, mount: todo.mount, name: todo.name, groups: todo.groupNames };
  model.entities.set(id, { id, policies: [], disabled: false, aliases: [alias], merged: [] });
}

async function merge(
  real: OpenIdentity,
  model: Model,
  todo: Extract<Action, { type: 'merge' }>,
): Promise<void> {
  const to = pick(model.entities, todo.to);
  if (!to) return;
  const from = ids(model.entities, todo.from);
  const sources = from.flatMap((id) => model.entities.get(id) ?? []);
  const aliases = (list: readonly ModelEntity[]) => list.flatMap((entity) => entity.aliases);
  const kept = todo.keep === 'none' ? [] : aliases(todo.keep === 'to' ? [to] : sources).map(({ id }) => id);
  const done = await attempt(
    real.change((draft) => mergeEntities(draft, { to: to.id, from, keepAliasIds: kept }, real.clock.now())),
  );
  let merged = to.aliases;
  let isRefused = from.includes(to.id) || (from.length > 1 && kept.length > 1);
  for (const alias of aliases(sources)) {
    const rival = merged.find((other) => other.mount === alias.mount);
    if (rival && kept.includes(rival.id)) continue;
    if (rival && !kept.includes(alias.id)) isRefused = true;
    merged = [...merged.filter((other) => other !== rival), alias];
  }
  assert.equal(done, !isRefused, 'merge');
  if (isRefused) return;
  to.aliases = merged;
  to.merged = [...to.merged, ...sources.flatMap((source) => [source.id, ...source.merged])];
  for (const { id } of sources) model.entities.delete(id);
  for (const group of model.groups.values()) {
    if (group.members.some((id) => from.includes(id)))
      group.members = [...new Set([...group.members.filter((id) => !from.includes(id)), to.id])];
  }
}

async function groupStep(
  real: OpenIdentity,
  model: Model,
  todo: Extract<Action, { type: 'group' | 'regroup' | 'external' | 'ungroup' }>,
): Promise<void> {
  const nowMs = real.clock.now();
  if (todo.type === 'external') {
    const isTaken = [...model.groups.values()].some(
      ({ alias }) => alias && alias.mount === todo.mount && same(alias.name, todo.name),
    );
    const alias = { mount: todo.mount, name: todo.name };
    const done = await attempt(
      real
        .change(async (draft) => {
          const group = await writeGroup(
            draft,
            undefined,
            { type: 'external', policies: todo.policies },
            nowMs,
          );
          const wish = { name: todo.name, mountAccessor: todo.mount, canonicalId: group.id };
          await writeGroupAlias(draft, wish, isMount, nowMs);
          return group.id;
        })
        .then((id) => {
          model.groups.set(id, {
            id,
            isExternal: true,
            policies: todo.policies,
            members: [],
            children: [],
            alias,
          });
        }),
    );
    assert.equal(done, !isTaken, 'external');
    return;
  }
  if (todo.type === 'ungroup') {
    const group = pick(model.groups, todo.group);
    if (!group) return;
    await real.change(async (draft) => {
      const found = await groupById(draft, group.id);
      if (found) await removeGroup(draft, found);
    });
    model.groups.delete(group.id);
    for (const other of model.groups.values())
      other.children = other.children.filter((id) => id !== group.id);
    return;
  }
  const memberEntityIds = ids(model.entities, todo.members);
  const memberGroupIds = ids(model.groups, todo.children);
  if (todo.type === 'group') {
    const wish = { policies: todo.policies, memberEntityIds, memberGroupIds };
    const { id } = await real.change((draft) => writeGroup(draft, undefined, wish, nowMs));
    const { policies } = todo;
    model.groups.set(id, {
      id,
      isExternal: false,
      policies,
      members: memberEntityIds,
      children: memberGroupIds,
    });
    return;
  }
  const group = pick(model.groups, todo.group);
  if (!group) return;
  const done = await attempt(
    real.change(async (draft) =>
      writeGroup(draft, await groupById(draft, group.id), { memberEntityIds, memberGroupIds }, nowMs),
    ),
  );
  const fits = !group.isExternal && !memberGroupIds.some((child) => reaches(model, child, group.id));
  assert.equal(done, fits, 'regroup');
  if (!fits) return;
  group.members = memberEntityIds;
  group.children = memberGroupIds;
}

function isMember(model: Model, group: ModelGroup, entity: ModelEntity): boolean {
  const { alias } = group;
  const isDirect = alias
    ? entity.aliases.some(
        (own) => own.mount === alias.mount && own.groups.some((each) => same(each, alias.name)),
      )
    : group.members.includes(entity.id);
  if (isDirect) return true;
  return group.children.some((id) => {
    const child = model.groups.get(id);
    return child !== undefined && isMember(model, child, entity);
  });
}

async function compare(real: OpenIdentity, model: Model): Promise<void> {
  for (const id of model.everIds) {
    const entity =
      model.entities.get(id) ?? [...model.entities.values()].find(({ merged }) => merged.includes(id));
    const view = await real.view(id);
    assert.equal(view.entityId, entity?.id ?? '', 'whose token it is');
    assert.equal(view.isUsable, entity !== undefined && !entity.disabled);
    const groups = entity ? [...model.groups.values()].filter((group) => isMember(model, group, entity)) : [];
    const wanted = new Set([...(entity?.policies ?? []), ...groups.flatMap((group) => group.policies)]);
    assert.deepEqual(view.policies, [...wanted].sort());
    assert.deepEqual(
      view.identity.groups.map((group) => group.id).sort(),
      groups.map((group) => group.id).sort(),
    );
  }
  for (const group of await real.groups())
    assert.deepEqual(
      [...(group.memberEntityIds ?? [])].sort(),
      [...(model.groups.get(group.id)?.members ?? [])].sort(),
    );
  assert.deepEqual(await real.strayKeys(), []);
}

describe('identity', () => {
  test('is what a plain model of it says, whatever is merged, grouped, deleted and logged in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 30 }), async (todos) => {
        const real = await openIdentity();
        const model: Model = { entities: new Map(), groups: new Map(), everIds: [] };
        for (const todo of [...beginnings, ...todos]) {
          await step(real, model, todo);
          await compare(real, model);
        }
      }),
      { numRuns: 250 },
    );
  });
});
