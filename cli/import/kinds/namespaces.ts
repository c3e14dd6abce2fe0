import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { type Context, listOrReport } from '../context.ts';
import type { Plan, Stage, Step } from '../outcome.ts';
import { firstDifference } from '../values.ts';

/** Every namespace of the source from where it starts ('' first), parents before children. */
export async function findNamespaces(context: Context): Promise<string[]> {
  const found = [''];
  for (const parent of found) {
    const children = await listOrReport(context, 'namespace', `${parent}sys/namespaces`, () =>
      context.source.listIfKnown(parent, 'sys/namespaces'),
    );
    for (const child of children) {
      const path = `${parent}${child.replace(/\/*$/, '')}/`;
      if (context.filter.mayTakeBelow(path)) found.push(path);
    }
  }
  return found;
}

export function namespaceStage(context: Context, namespaces: readonly string[]): Stage {
  const steps = namespaces
    .filter((path) => path !== '')
    .map((path): Step => ({ kind: 'namespace', path, plan: () => plan(context, path) }));
  return { kind: 'namespace', steps, inOrder: true };
}

async function plan({ source, target }: Context, path: string): Promise<Plan> {
  const cut = path.lastIndexOf('/', path.length - 2) + 1;
  const parent = path.slice(0, cut);
  const api = `sys/namespaces/${path.slice(cut, -1)}`;
  const wanted = metadataOf(await source.read(parent, api));
  const found = await target.read(parent, api);
  const write = async (): Promise<void> =>
    void (await target.write(parent, api, { custom_metadata: wanted }));
  if (found === undefined) return { do: 'create', apply: write };
  const name = firstDifference(wanted, metadataOf(found));
  if (name === undefined) return { do: 'nothing' };
  return { do: 'conflict', why: `its metadata differs at "${name}"`, replace: write };
}

function metadataOf(data: JsonObject | undefined): JsonObject {
  const metadata = data?.['custom_metadata'];
  return isObject(metadata) ? metadata : {};
}
