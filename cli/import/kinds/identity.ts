import type { JsonObject } from '../../../sdk/secret.ts';
import { isObject } from '../../../sdk/secret.ts';
import { type Context, listOrReport, type Place, requestPath } from '../context.ts';
import { pick, textOf } from '../values.ts';
import { mountByAccessor } from './mounts.ts';

/** One person, machine or group of the source, as its alias there says. */
export interface SourceAlias {
  readonly name: string;
  readonly mountAccessor: string;
  readonly customMetadata: JsonObject;
}

/** Reads all of one identity list (`entity`, `group`) by id; those that go meanwhile are left out. */
export async function readAll(
  context: Context,
  place: Place,
  what: 'entity' | 'group',
): Promise<JsonObject[]> {
  const { namespace } = place;
  const { source, lanes } = context;
  if (!context.filter.mayTakeBelow(`${namespace}identity/${what}/name/`)) return [];
  const base = `identity/${what}/id`;
  const ids = await listOrReport(context, what, namespace + base, () => source.listIfKnown(namespace, base));
  const all = await Promise.all(ids.map((id) => lanes.run(() => source.read(namespace, `${base}/${id}`))));
  return all.filter((one) => one !== undefined);
}

export function aliasOf(value: unknown): SourceAlias | undefined {
  if (!isObject(value) || textOf(value['name']) === '') return undefined;
  return {
    name: textOf(value['name']),
    mountAccessor: textOf(value['mount_accessor']),
    customMetadata: isObject(value['custom_metadata']) ? value['custom_metadata'] : {},
  };
}

/** The accessor of the same mount at the target; undefined when it is not there (yet). */
export async function accessorAtTarget(
  context: Context,
  place: Place,
  sourceAccessor: string,
): Promise<string | undefined> {
  const mount = mountByAccessor(place, sourceAccessor);
  if (mount === undefined) return undefined;
  const mounts = await context.target.read(place.namespace, 'sys/auth');
  const entry = mounts?.[requestPath(mount).slice('auth/'.length)];
  return isObject(entry) ? textOf(entry['accessor']) : undefined;
}

export function identityBody(data: JsonObject): JsonObject {
  return pick(data, ['metadata', 'policies', 'disabled', 'type']);
}
