import type { JsonObject } from '../../../sdk/secret.ts';
import { type Context, labelOf, listOrReport, type Place, type SourceMount } from '../context.ts';
import type { Plan, Stage, Step } from '../outcome.ts';
import { firstDifference, isEmpty, isSame } from '../values.ts';
import { planVersions } from './kv-versions.ts';
import { versionOf, whyBlocked } from './mounts.ts';

/** Deeper than any tree that people make; a name that a server lists below itself must not be followed for ever. */
const deepestFolder = 100;

export async function kvStages(context: Context, places: readonly Place[]): Promise<Stage[]> {
  const stores = places
    .flatMap((place) => place.secretMounts)
    .filter((mount) => mount.type === 'kv' || mount.type === 'generic');
  const configs: Step[] = [];
  const secrets: Step[] = [];
  for (const mount of stores) {
    const isVersioned = versionOf(mount.options) === '2';
    if (isVersioned && context.filter.takes(`${labelOf(mount)}config`))
      configs.push(configStep(context, mount));
    for (const name of await namesBelow(context, mount, isVersioned))
      secrets.push(secretStep(context, mount, name, isVersioned));
  }
  return [
    { kind: 'store settings', steps: configs },
    { kind: 'secret', steps: secrets },
  ];
}

/** Every secret of a store that the globs take, in order. */
async function namesBelow(context: Context, mount: SourceMount, isVersioned: boolean): Promise<string[]> {
  const { source, filter } = context;
  const label = labelOf(mount);
  const api = isVersioned ? `${mount.path}metadata/` : mount.path;
  const names: string[] = [];
  const walk = async (folder: string, depth: number): Promise<void> => {
    const keys = await listOrReport(context, 'folder', label + folder, () =>
      source.list(mount.namespace, api + folder),
    );
    const below: Promise<void>[] = [];
    for (const key of keys) {
      const path = folder + key;
      if (!key.endsWith('/')) {
        if (filter.takes(label + path)) names.push(path);
      } else if (filter.mayTakeBelow(label + path)) {
        if (depth < deepestFolder) below.push(walk(path, depth + 1));
        else
          context.unseen.push({
            kind: 'folder',
            path: label + path,
            result: 'failed',
            reason: 'nested too deeply',
          });
      }
    }
    await Promise.all(below);
  };
  await walk('', 0);
  return names.sort();
}

function configStep({ source, target, ...context }: Context, mount: SourceMount): Step {
  const api = `${mount.path}config`;
  return {
    kind: 'store settings',
    path: `${labelOf(mount)}config`,
    async plan(): Promise<Plan> {
      const blocked = context.blocked.get(labelOf(mount));
      if (blocked !== undefined) return { do: 'cannot', why: blocked };
      const wanted = (await source.read(mount.namespace, api)) ?? {};
      const found = await target.read(mount.namespace, api);
      const write = async (): Promise<void> => void (await target.write(mount.namespace, api, wanted));
      const name = firstDifference(wanted, found ?? {});
      if (name === undefined) return { do: 'nothing' };
      if (found === undefined || Object.values(found).every(isEmpty)) return { do: 'create', apply: write };
      return { do: 'conflict', why: `it differs at "${name}"`, replace: write };
    },
  };
}

function secretStep(context: Context, mount: SourceMount, name: string, isVersioned: boolean): Step {
  return {
    kind: 'secret',
    path: labelOf(mount) + name,
    async plan(): Promise<Plan> {
      const blocked = whyBlocked(context, mount);
      if (blocked !== undefined) return { do: 'cannot', why: blocked };
      return isVersioned ? planVersions(context, mount, name) : planPlain(context, mount, name);
    },
  };
}

/** A secret without versions is its data. */
async function planPlain({ source, target }: Context, mount: SourceMount, name: string): Promise<Plan> {
  const path = mount.path + name;
  const data: JsonObject | undefined = await source.read(mount.namespace, path);
  if (data === undefined) return { do: 'cannot', why: 'it has gone from the source meanwhile' };
  const found = await target.read(mount.namespace, path);
  const write = async (): Promise<void> => void (await target.write(mount.namespace, path, data));
  if (found === undefined) return { do: 'create', apply: write };
  if (isSame(data, found)) return { do: 'nothing' };
  return { do: 'conflict', why: 'another value is there', replace: write };
}
