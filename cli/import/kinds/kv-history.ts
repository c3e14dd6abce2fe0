import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import type { SourceMount } from '../context.ts';
import type { Peer } from '../peer.ts';
import { numberIn, objectIn, textOf } from '../values.ts';

export type VersionState = 'live' | 'deleted' | 'destroyed';

/** The metadata of a secret with versions, as either server tells it. */
export interface History {
  /** 0 when it has metadata only. */
  readonly current: number;
  /** By number; one that is missing was dropped because of max_versions, and is as good as destroyed. */
  readonly states: ReadonlyMap<number, VersionState>;
  /** A live version that the server will delete by itself. */
  readonly willExpire: boolean;
  readonly settings: JsonObject;
  readonly maxVersions: number;
}

const settingNames = [
  'custom_metadata',
  'cas_required',
  'delete_version_after',
  'max_versions',
  'metadata_cas_required',
];

/** Undefined when there is nothing at that name. */
export async function readHistory(
  peer: Peer,
  mount: SourceMount,
  name: string,
): Promise<History | undefined> {
  const data = await peer.read(mount.namespace, `${mount.path}metadata/${name}`);
  if (data === undefined) return undefined;
  const states = new Map<number, VersionState>();
  let willExpire = false;
  for (const [number, version] of Object.entries(objectIn(data, 'versions'))) {
    if (!/^\d{1,9}$/.test(number) || !isObject(version)) continue;
    const deletion = Date.parse(textOf(version['deletion_time']));
    const isDeleted = Number.isFinite(deletion) && deletion <= Date.now();
    const state = version['destroyed'] === true ? 'destroyed' : isDeleted ? 'deleted' : 'live';
    willExpire ||= state === 'live' && Number.isFinite(deletion);
    states.set(Number(number), state);
  }
  return {
    current: numberIn(data, 'current_version'),
    states,
    willExpire,
    settings: Object.fromEntries(
      settingNames.filter((key) => data[key] !== undefined).map((key) => [key, data[key] ?? {}]),
    ),
    maxVersions: numberIn(data, 'max_versions'),
  };
}

/** The data of one version; undefined when it is deleted, destroyed or not there. */
export async function readVersion(
  peer: Peer,
  mount: SourceMount,
  name: string,
  version: number,
): Promise<JsonObject | undefined> {
  const answer = await peer.read(mount.namespace, `${mount.path}data/${name}`, { version: String(version) });
  const data = answer?.['data'];
  return isObject(data) ? data : undefined;
}
