import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { type Context, labelOf, type Place, reasonOf, requestPath, type SourceMount } from '../context.ts';
import type { Plan, Stage, Step } from '../outcome.ts';
import type { Peer } from '../peer.ts';
import { firstDifference, isEmpty, objectIn, pick, textOf } from '../values.ts';

/** Those that every namespace has, with nothing to carry but a token mount's tuning. */
const ownTypes = new Set([
  'system',
  'identity',
  'cubbyhole',
  'ns_system',
  'ns_identity',
  'ns_cubbyhole',
  'ns_token',
]);

/** Types whose contents this import reads. */
const carried = new Set(['kv', 'generic', 'approle', 'userpass', 'token', 'ns_token']);

const tuneFields = [
  'default_lease_ttl',
  'max_lease_ttl',
  'force_no_cache',
  'audit_non_hmac_request_keys',
  'audit_non_hmac_response_keys',
  'listing_visibility',
  'passthrough_request_headers',
  'allowed_response_headers',
  'token_type',
  'user_lockout_config',
  'identity_token_key',
];

export async function findPlace(context: Context, namespace: string): Promise<Place> {
  const read = async (table: 'secret' | 'auth'): Promise<SourceMount[]> => {
    const path = table === 'auth' ? 'sys/auth' : 'sys/mounts';
    try {
      return mountsIn(await context.lanes.run(() => context.source.read(namespace, path)), namespace, table);
    } catch (error) {
      context.unseen.push({
        kind: 'mount',
        path: namespace + path,
        result: 'failed',
        reason: reasonOf(error),
      });
      return [];
    }
  };
  const wanted = (mount: SourceMount): boolean => context.filter.mayTakeBelow(labelOf(mount));
  return {
    namespace,
    secretMounts: (await read('secret')).filter(wanted),
    authMounts: (await read('auth')).filter(wanted),
  };
}

/** By accessor, since entities name an alias's mount so. Mounts that the globs leave out are not among them. */
export function mountByAccessor(place: Place, accessor: string): SourceMount | undefined {
  return place.authMounts.find((mount) => mount.accessor === accessor);
}

function mountsIn(data: JsonObject | undefined, namespace: string, table: 'secret' | 'auth'): SourceMount[] {
  const mounts: SourceMount[] = [];
  for (const [path, entry] of Object.entries(data ?? {})) {
    if (!isObject(entry) || ownTypes.has(textOf(entry['type'])) === (textOf(entry['type']) !== 'ns_token'))
      continue;
    mounts.push({
      namespace,
      path,
      table,
      type: textOf(entry['type']),
      accessor: textOf(entry['accessor']),
      options: objectIn(entry, 'options'),
      config: pick(objectIn(entry, 'config'), tuneFields),
      description: textOf(entry['description']),
      local: entry['local'] === true,
      sealWrap: entry['seal_wrap'] === true,
    });
  }
  return mounts;
}

export function isToken(mount: SourceMount): boolean {
  return mount.table === 'auth' && (mount.type === 'token' || mount.type === 'ns_token');
}

export function mountStage(context: Context, places: readonly Place[]): Stage {
  const steps = places
    .flatMap((place) => [...place.secretMounts, ...place.authMounts])
    .map((mount): Step => {
      const path = labelOf(mount);
      const kind = mount.table === 'auth' ? 'auth method' : 'secrets engine';
      return { kind, path, plan: () => planOrBlock(context, mount) };
    });
  return { kind: 'mount', steps };
}

async function planOrBlock(context: Context, mount: SourceMount): Promise<Plan> {
  const found = await plan(context, mount);
  const label = labelOf(mount);
  if (found.do === 'cannot') context.blocked.set(label, found.why);
  if (found.do === 'conflict' && found.replace === undefined) context.blocked.set(label, found.why);
  if (found.do !== 'create') return found;
  const create = async (): Promise<void> => {
    try {
      await found.apply();
    } catch (error) {
      context.blocked.set(label, `its mount could not be made: ${reasonOf(error)}`);
      throw error;
    }
  };
  return { ...found, apply: create };
}

async function plan({ target }: Context, mount: SourceMount): Promise<Plan> {
  const present = await findAtTarget(target, mount);
  const notes = carried.has(mount.type)
    ? []
    : [`what a ${mount.type} mount holds cannot be read through the API: set it up anew`];
  if (present === undefined) return { do: 'create', notes, apply: () => enable(target, mount) };
  const type = mount.type === 'generic' ? 'kv' : mount.type.replace(/^ns_/, '');
  if (textOf(present['type']) !== type)
    return { do: 'conflict', why: `the target has a ${textOf(present['type'])} mount there` };
  if (versionOf(mount.options) !== versionOf(objectIn(present, 'options')))
    return { do: 'conflict', why: 'the target has another version of the store there' };
  const tuned = { ...mount.config, description: mount.description };
  const config = pick(objectIn(present, 'config'), tuneFields);
  const name = firstDifference(tuned, { ...config, description: present['description'] });
  if (name === undefined) return { do: 'nothing', notes };
  const tune = async (): Promise<void> =>
    void (await target.write(mount.namespace, `sys/mounts/${requestPath(mount)}tune`, tuned));
  const why = `its tuning differs at "${name}"`;
  // The mounts that a new namespace or server has by itself, which nobody tuned.
  if (isToken(mount) && Object.values(config).every(isUnset)) return { do: 'create', notes, apply: tune };
  return { do: 'conflict', why, notes, replace: tune };
}

function isUnset(value: unknown): boolean {
  return isEmpty(value) || value === 'default-service';
}

async function findAtTarget(target: Peer, mount: SourceMount): Promise<JsonObject | undefined> {
  const data = await target.read(mount.namespace, mount.table === 'auth' ? 'sys/auth' : 'sys/mounts');
  const entry = data?.[mount.path];
  return isObject(entry) ? entry : undefined;
}

/** With all its settings in one request: a mount is there as it was, or not at all. */
async function enable(target: Peer, mount: SourceMount): Promise<void> {
  const table = mount.table === 'auth' ? 'sys/auth' : 'sys/mounts';
  await target.write(mount.namespace, `${table}/${mount.path.slice(0, -1)}`, {
    type: mount.type === 'generic' ? 'kv' : mount.type,
    description: mount.description,
    options: mount.options,
    config: mount.config,
    local: mount.local,
    seal_wrap: mount.sealWrap,
  });
}

export function versionOf(options: JsonObject): '1' | '2' {
  return options['version'] === '2' ? '2' : '1';
}

/** Why nothing below this mount can be carried, if so. */
export function whyBlocked(context: Context, mount: SourceMount): string | undefined {
  return context.blocked.get(labelOf(mount));
}
