import type { CommandGroup, Entry } from '../command.ts';

/** Commands of two words. Each group's own table is loaded when its name is the first word. */
export const groups: readonly CommandGroup[] = [
  group(
    'kv',
    'Secrets of a key-value store, with versions.',
    async () => (await import('./kv/commands.ts')).commands,
  ),
  group(
    'secrets',
    'Secrets by name in a workspace; and secrets engines: what is mounted where.',
    async () => [
      ...(await import('./secrets/commands.ts')).commands,
      ...(await import('./named-secrets/commands.ts')).commands,
    ],
  ),
  group(
    'workspaces',
    'Workspaces: their own key, secrets, members and roles.',
    async () => (await import('./workspaces/commands.ts')).commands,
  ),
  group(
    'auth',
    'Auth methods: how people and machines log in.',
    async () => (await import('./auth/commands.ts')).commands,
  ),
  group('policy', 'Policies: who may do what.', async () => (await import('./policy/commands.ts')).commands),
  group(
    'token',
    'Tokens: create, look up, renew, revoke.',
    async () => (await import('./token/commands.ts')).commands,
  ),
  group(
    'namespace',
    'Namespaces: workspaces isolated from each other.',
    async () => (await import('./namespace/commands.ts')).commands,
  ),
  group(
    'plugin',
    'What engines and auth methods the server has.',
    async () => (await import('./plugin/commands.ts')).commands,
  ),
  group('lease', 'Leases of dynamic secrets.', async () => (await import('./lease/commands.ts')).commands),
  group(
    'audit',
    'Audit devices: where requests are recorded.',
    async () => (await import('./audit/commands.ts')).commands,
  ),
  group(
    'events',
    'Events as they happen: what was written, leased, logged in.',
    async () => (await import('./events/commands.ts')).commands,
  ),
  group(
    'operator',
    'Initialise, unseal, seal, rotate: the work of operators.',
    async () => (await import('./operator/commands.ts')).commands,
  ),
  group(
    'completion',
    'Completion of commands, flags and paths in bash, zsh and fish.',
    async () => (await import('./completion/commands.ts')).commands,
  ),
  group(
    'import',
    'Copy another server into this one.',
    async () => (await import('./import/commands.ts')).commands,
  ),
];

function group(name: string, summary: string, load: () => Promise<readonly Entry[]>): CommandGroup {
  return { name, summary, load };
}

/** Every command there is. Parsing, help, suggestions and docs/reference/command-line.md derive from it. */
export async function allCommands(): Promise<readonly Entry[]> {
  const { genericCommands } = await import('./generic/commands.ts');
  const { observeCommands } = await import('./observe/commands.ts');
  const { agentCommands } = await import('./agent/commands.ts');
  const { injectionCommands } = await import('./injection/commands.ts');
  return [...genericCommands, ...injectionCommands, ...observeCommands, ...agentCommands, ...groups];
}

export function isGroup(entry: Entry): entry is CommandGroup {
  return !('arity' in entry);
}
