import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import type { Context, Place } from '../context.ts';
import type { Plan, Stage, Step } from '../outcome.ts';
import { firstDifference, textOf } from '../values.ts';
import { accessorAtTarget, aliasOf, identityBody, readAll, type SourceAlias } from './identity.ts';

/** What the target has of an entity's aliases. */
interface Aliases {
  readonly missing: readonly SourceAlias[];
  readonly notes: string[];
}

/** Entities with their aliases, found again by name, as ids are the server's own. Also answers the names by id. */
export async function entityStage(
  context: Context,
  places: readonly Place[],
): Promise<{ stage: Stage; names: ReadonlyMap<string, string> }> {
  const names = new Map<string, string>();
  const steps: Step[] = [];
  for (const place of places) {
    for (const entity of await readAll(context, place, 'entity')) {
      const name = textOf(entity['name']);
      const path = `${place.namespace}identity/entity/name/${name}`;
      names.set(textOf(entity['id']), name);
      if (context.filter.takes(path))
        steps.push({ kind: 'entity', path, plan: () => plan(context, place, name, entity) });
    }
  }
  return { stage: { kind: 'entity', steps }, names };
}

async function plan(context: Context, place: Place, name: string, entity: JsonObject): Promise<Plan> {
  const { target } = context;
  const api = `identity/entity/name/${name}`;
  const body = identityBody(entity);
  const found = await target.read(place.namespace, api);
  const { missing, notes } = await compareAliases(context, place, entity, found);
  const addAliases = async (): Promise<void> => {
    const now = await target.read(place.namespace, api);
    await makeAliases(context, place, textOf(now?.['id']), missing, notes);
  };
  const write = async (): Promise<void> => {
    await target.write(place.namespace, api, body);
    await addAliases();
  };
  if (found === undefined) return { do: 'create', notes, apply: write };
  const field = firstDifference(body, found);
  if (field !== undefined) return { do: 'conflict', why: `it differs at "${field}"`, notes, replace: write };
  return missing.length > 0 ? { do: 'continue', notes, apply: addAliases } : { do: 'nothing', notes };
}

async function compareAliases(
  context: Context,
  place: Place,
  entity: JsonObject,
  found: JsonObject | undefined,
): Promise<Aliases> {
  const list = entity['aliases'];
  const wanted = (Array.isArray(list) ? list : []).map(aliasOf).filter((alias) => alias !== undefined);
  const present = Array.isArray(found?.['aliases']) ? found['aliases'].filter(isObject) : [];
  const missing: SourceAlias[] = [];
  for (const alias of wanted) {
    const accessor = await accessorAtTarget(context, place, alias.mountAccessor);
    const isThere = present.some(
      (other) =>
        accessor !== undefined && other['mount_accessor'] === accessor && sameName(other['name'], alias.name),
    );
    if (!isThere) missing.push(alias);
  }
  return { missing, notes: [] };
}

/** User names are the same in any case. */
function sameName(a: unknown, b: string): boolean {
  return textOf(a).toLowerCase() === b.toLowerCase();
}

async function makeAliases(
  context: Context,
  place: Place,
  entityId: string,
  aliases: readonly SourceAlias[],
  notes: string[],
): Promise<void> {
  const { target } = context;
  for (const alias of aliases) {
    const accessor = await accessorAtTarget(context, place, alias.mountAccessor);
    if (accessor === undefined) {
      notes.push(`its alias "${alias.name}" is of an auth method that is not at the target`);
      continue;
    }
    const other = await target.write(place.namespace, 'identity/lookup/entity', {
      alias_name: alias.name,
      alias_mount_accessor: accessor,
    });
    const owner = textOf(other?.data?.['id']);
    if (owner !== '' && owner !== entityId) {
      notes.push(`its alias "${alias.name}" belongs to another entity at the target`);
      continue;
    }
    await target.write(place.namespace, 'identity/entity-alias', {
      name: alias.name,
      canonical_id: entityId,
      mount_accessor: accessor,
      custom_metadata: alias.customMetadata,
    });
  }
}
