import { isObject } from '../../../sdk/secret.ts';
import { type Context, reasonOf } from '../context.ts';
import type { Outcome } from '../outcome.ts';
import { textOf } from '../values.ts';

/** Lists whose entries the import does not carry, with what to do about each. */
const lists: readonly { readonly path: string; readonly kind: string; readonly reason: string }[] = [
  { path: 'sys/policies/rgp', kind: 'Sentinel policy', reason: 'Sentinel is not there' },
  { path: 'sys/policies/egp', kind: 'Sentinel policy', reason: 'Sentinel is not there' },
  { path: 'identity/oidc/key', kind: 'identity token key', reason: 'keys cannot be read: make a new one' },
  { path: 'identity/oidc/role', kind: 'identity token role', reason: 'make it anew' },
  { path: 'identity/oidc/provider', kind: 'OIDC provider', reason: 'make it anew' },
  {
    path: 'identity/oidc/client',
    kind: 'OIDC client',
    reason: 'its secret is the server’s own: make it anew',
  },
  { path: 'identity/oidc/scope', kind: 'OIDC scope', reason: 'make it anew' },
  { path: 'identity/oidc/assignment', kind: 'OIDC assignment', reason: 'make it anew' },
  { path: 'identity/mfa/method', kind: 'MFA method', reason: 'its secrets cannot be read: make it anew' },
  {
    path: 'identity/mfa/login-enforcement',
    kind: 'MFA enforcement',
    reason: 'make it anew, after its methods',
  },
];

/** What every OIDC server has by itself. */
const own = new Set(['default', 'allow_all']);

/** What is at the source and stays there: said once, so that nobody finds out later. */
export async function findLeftovers(context: Context, namespaces: readonly string[]): Promise<Outcome[]> {
  const found: Outcome[] = [...(await auditDevices(context))];
  const work = namespaces.flatMap((namespace) => lists.map((list) => ({ namespace, list })));
  await Promise.all(
    work.map(async ({ namespace, list: { path, kind, reason } }) => {
      const names = await context.lanes
        .run(() => context.source.listIfKnown(namespace, path))
        .catch((error: unknown) => {
          found.push({
            kind,
            path: namespace + path,
            result: 'not-carried',
            reason: `may not be listed: ${reasonOf(error)}`,
          });
          return [];
        });
      for (const name of names)
        if (!own.has(name))
          found.push({ kind, path: `${namespace}${path}/${name}`, result: 'not-carried', reason });
    }),
  );
  return found.filter(({ path }) => context.filter.takes(path));
}

async function auditDevices(context: Context): Promise<Outcome[]> {
  try {
    const devices = (await context.source.read('', 'sys/audit')) ?? {};
    return Object.entries(devices)
      .filter(([, device]) => isObject(device))
      .map(([name, device]) => ({
        kind: 'audit device',
        path: `sys/audit/${name}`,
        result: 'not-carried',
        reason: `of type ${isObject(device) ? textOf(device['type']) : ''}: enable it where the target runs`,
      }));
  } catch (error) {
    const reason = `may not be listed: ${reasonOf(error)}`;
    return [{ kind: 'audit device', path: 'sys/audit', result: 'not-carried', reason }];
  }
}

/** True of every import, whatever the source holds. */
export const neverCarried: readonly string[] = [
  'Tokens and leases: whoever uses the source logs in again.',
  'AppRole secret ids and userpass passwords: servers do not give them out.',
  'When versions were made: they have the time of the copy.',
  'Ids of entities and groups, and accessors of mounts: policies that name them have to be changed.',
];
