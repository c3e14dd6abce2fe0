import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import type { Context, Place } from '../context.ts';
import type { Plan, Stage, Step } from '../outcome.ts';
import { firstDifference, textOf, textsIn } from '../values.ts';
import { accessorAtTarget, aliasOf, identityBody, readAll } from './identity.ts';

interface Group {
  readonly place: Place;
  readonly name: string;
  readonly data: JsonObject;
}

/** Groups, those that stand in others first, so that each is made at once with all its members. */
export async function groupStage(
  context: Context,
  places: readonly Place[],
  entityNames: ReadonlyMap<string, string>,
): Promise<Stage> {
  const steps: Step[] = [];
  for (const place of places) {
    const groups = new Map<string, Group>();
    for (const data of await readAll(context, place, 'group'))
      groups.set(textOf(data['id']), { place, name: textOf(data['name']), data });
    for (const group of membersFirst(groups)) {
      const path = `${place.namespace}identity/group/name/${group.name}`;
      if (context.filter.takes(path))
        steps.push({ kind: 'group', path, plan: () => plan(context, group, groups, entityNames) });
    }
  }
  return { kind: 'group', steps, inOrder: true };
}

function membersFirst(groups: ReadonlyMap<string, Group>): Group[] {
  const ordered = new Set<Group>();
  const visited = new Set<string>();
  const visit = (id: string): void => {
    const group = groups.get(id);
    if (group === undefined || visited.has(id)) return;
    visited.add(id);
    for (const member of textsIn(group.data, 'member_group_ids')) visit(member);
    ordered.add(group);
  };
  for (const id of groups.keys()) visit(id);
  return [...ordered];
}

async function plan(
  context: Context,
  { place, name, data }: Group,
  groups: ReadonlyMap<string, Group>,
  entityNames: ReadonlyMap<string, string>,
): Promise<Plan> {
  const { target } = context;
  const { namespace } = place;
  const api = `identity/group/name/${name}`;
  const found = await target.read(namespace, api);
  const notes: string[] = [];
  const wanted = async (): Promise<JsonObject> => {
    const body = identityBody(data);
    if (body['type'] === 'external') return body;
    const [entities, members] = await Promise.all([
      idsAtTarget(
        context,
        namespace,
        'entity',
        textsIn(data, 'member_entity_ids').map((id) => entityNames.get(id)),
      ),
      idsAtTarget(
        context,
        namespace,
        'group',
        textsIn(data, 'member_group_ids').map((id) => groups.get(id)?.name),
      ),
    ]);
    const lost = entities.lost + members.lost;
    if (lost > 0) notes.push(`${lost} of its members are not at the target`);
    return {
      ...body,
      ...(entities.ids.length === 0 ? {} : { member_entity_ids: entities.ids }),
      ...(members.ids.length === 0 ? {} : { member_group_ids: members.ids }),
    };
  };
  const write = async (): Promise<void> => {
    notes.length = 0;
    await target.write(namespace, api, await wanted());
    await makeAlias(context, place, api, data, notes);
  };
  if (found === undefined) return { do: 'create', notes, apply: write };
  const field = firstDifference(await wanted(), found);
  if (field !== undefined) return { do: 'conflict', why: `it differs at "${field}"`, notes, replace: write };
  const lacksAlias = aliasOf(data['alias']) !== undefined && aliasOf(found['alias']) === undefined;
  if (!lacksAlias) return { do: 'nothing', notes };
  return { do: 'continue', notes, apply: () => makeAlias(context, place, api, data, notes) };
}

async function idsAtTarget(
  { target }: Context,
  namespace: string,
  what: 'entity' | 'group',
  names: readonly (string | undefined)[],
): Promise<{ ids: string[]; lost: number }> {
  const ids: string[] = [];
  for (const name of names) {
    const found =
      name === undefined ? undefined : await target.read(namespace, `identity/${what}/name/${name}`);
    if (found !== undefined) ids.push(textOf(found['id']));
  }
  return { ids, lost: names.length - ids.length };
}

/** What an external group is called by its auth method. */
async function makeAlias(
  context: Context,
  place: Place,
  api: string,
  data: JsonObject,
  notes: string[],
): Promise<void> {
  const alias = aliasOf(data['alias']);
  if (alias === undefined) return;
  const accessor = await accessorAtTarget(context, place, alias.mountAccessor);
  const group = await context.target.read(place.namespace, api);
  if (accessor === undefined) {
    notes.push(`its alias "${alias.name}" is of an auth method that is not at the target`);
    return;
  }
  if (isObject(group?.['alias']) && textOf(group['alias']['name']) !== '') return;
  await context.target.write(place.namespace, 'identity/group-alias', {
    name: alias.name,
    mount_accessor: accessor,
    canonical_id: textOf(group?.['id']),
  });
}
