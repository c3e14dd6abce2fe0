import { Failure } from '../../failure.ts';
import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';
import { configOf, withoutUndefined } from './mount-flags.ts';

/** What differs between secrets engines and auth methods. */
export interface MountKind {
  /** As the sentences call it. */
  readonly name: 'secrets engine' | 'auth method';
  /** Where mounts are made: `sys/mounts` or `sys/auth`. */
  readonly endpoint: string;
  /** What stands before the path in `sys/mounts/…/tune`. */
  readonly tunePrefix: string;
  readonly enabling: (type: string) => string;
  readonly enabled: (type: string, path: string) => string;
}

export const secretsEngines: MountKind = {
  name: 'secrets engine',
  endpoint: 'sys/mounts',
  tunePrefix: '',
  enabling: () => 'Error enabling',
  enabled: (type, path) => `Success! Enabled the ${type} secrets engine at: ${path}`,
};

export const authMethods: MountKind = {
  name: 'auth method',
  endpoint: 'sys/auth',
  tunePrefix: 'auth/',
  enabling: (type) => `Error enabling ${type} auth`,
  enabled: (type, path) => `Success! Enabled ${type} auth method at: ${path}`,
};

export async function enableMount(run: Run, kind: MountKind): Promise<number> {
  const { flags } = run;
  const type = word(run, 0).trim();
  const plugin = type === 'plugin' ? flags.text('plugin-name') : undefined;
  if (type === 'plugin' && plugin === undefined) throw new Failure(1, 'The type `plugin` needs -plugin-name');
  const path = cleanPath(flags.text('path') ?? plugin ?? type);
  const options = optionsOf(run);
  const body = {
    type: plugin ?? type,
    description: flags.text('description') ?? '',
    config: {
      ...{ options: null, default_lease_ttl: '0s', max_lease_ttl: '0s' },
      force_no_cache: flags.on('force-no-cache'),
      ...configOf(run),
    },
    local: flags.on('local'),
    seal_wrap: flags.on('seal-wrap'),
    external_entropy_access: flags.on('external-entropy-access'),
    options: options ?? null,
  };
  const { client } = await run.clients();
  await attempt(kind.enabling(type), () => client.write(`${kind.endpoint}/${path}`, body, 'POST'));
  return printSuccess(run, kind.enabled(plugin ?? type, asGiven(flags.text('path')) ?? `${path}/`));
}

/** The path of -path with one slash at its end; Vault repeats it as it was given. */
function asGiven(path: string | undefined): string | undefined {
  return path === undefined ? undefined : `${path.trim().replace(/\/+$/, '')}/`;
}

export async function disableMount(run: Run, kind: MountKind): Promise<number> {
  const path = cleanPath(word(run, 0));
  const { client } = await run.clients();
  await attempt(`Error disabling ${kind.name} at ${path}/`, () => client.delete(`${kind.endpoint}/${path}`));
  return printSuccess(run, `Success! Disabled the ${kind.name} (if it existed) at: ${path}/`);
}

export async function tuneMount(
  run: Run,
  kind: MountKind,
  extra: Record<string, unknown> = {},
): Promise<number> {
  const path = cleanPath(word(run, 0));
  const options = optionsOf(run);
  const body = withoutUndefined({
    ...configOf(run),
    ...extra,
    description: run.flags.text('description'),
    options,
  });
  const { client } = await run.clients();
  await attempt(`Error tuning ${kind.name} ${path}/`, () =>
    client.write(`sys/mounts/${kind.tunePrefix}${path}/tune`, body, 'POST'),
  );
  return printSuccess(run, `Success! Tuned the ${kind.name} at: ${path}/`);
}

/** -options and -version together; undefined when there are none. */
function optionsOf(run: Run): Record<string, string> | undefined {
  const version = (run.flags.has('version') ? run.flags.number('version') : undefined) ?? 0;
  const options = { ...run.flags.map('options'), ...(version > 0 ? { version: String(version) } : {}) };
  return Object.keys(options).length === 0 ? undefined : options;
}

/** Starts a move and waits until it is done. */
export async function moveMount(run: Run, kind: MountKind): Promise<number> {
  const from = `${cleanPath(word(run, 0))}/`;
  const to = `${cleanPath(word(run, 1))}/`;
  const clients = await run.clients();
  const moving = `Error moving ${kind.name} ${from} to ${to}`;
  const started = await attempt(moving, () => clients.client.write('sys/remount', { from, to }, 'POST'));
  const id = started?.data?.['migration_id'];
  if (typeof id !== 'string')
    return printSuccess(run, `Success! Finished moving ${kind.name} ${from} to ${to}`);
  const names = `${kind.name} ${from} to ${to}, with migration ID ${id}`;
  run.terminal.out(`Started moving ${names}\n`);
  for (;;) {
    const answer = await attempt(`Error checking migration status of ${names}`, () =>
      clients.client.read(`sys/remount/status/${id}`),
    );
    const info = answer?.data?.['migration_info'];
    const status = typeof info === 'object' && info !== null && 'status' in info ? info.status : undefined;
    if (status === 'success') return printSuccess(run, `Success! Finished moving ${names}`);
    if (status !== 'in-progress' && status !== 'in progress')
      throw new Failure(2, `${moving}: it failed; see the server's log`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
