import type { Entry } from '../../command.ts';

const versionFlag = {
  name: 'version',
  kind: 'text',
  value: 'VERSION',
  summary: 'Version of the plugin.',
} as const;

export const commands: readonly Entry[] = [
  {
    name: 'list',
    summary: 'List the engines and auth methods that the server has.',
    arguments: '[auth|database|secret]',
    arity: { min: 0, max: 1, expected: '0 or 1' },
    output: 'format',
    flags: [{ name: 'detailed', kind: 'boolean', summary: 'Show whether they are supported too.' }],
    examples: [
      { says: 'All of them:', command: 'coffer plugin list' },
      { says: 'Secrets engines:', command: 'coffer plugin list secret' },
    ],
    load: async () => (await import('./catalog.ts')).list,
  },
  {
    name: 'info',
    summary: 'Show one of them.',
    arguments: 'TYPE NAME',
    arity: { min: 1, max: 2, expected: '1 or 2' },
    output: 'field',
    flags: [versionFlag],
    examples: [{ says: 'The key-value engine:', command: 'coffer plugin info secret kv' }],
    load: async () => (await import('./catalog.ts')).info,
  },
  {
    name: 'register',
    summary: 'Refused: Coffer runs no programs that come from outside, so none can be registered.',
    arguments: 'TYPE NAME',
    arity: { min: 0 },
    flags: [
      { name: 'sha256', kind: 'text', value: 'HEX', summary: 'Accepted for compatibility.' },
      { name: 'command', kind: 'text', value: 'NAME', summary: 'Accepted for compatibility.' },
      { name: 'args', kind: 'list', value: 'TEXT', summary: 'Accepted for compatibility.' },
      { name: 'env', kind: 'list', value: 'KEY=VALUE', summary: 'Accepted for compatibility.' },
      versionFlag,
    ],
    examples: [{ says: 'Says why it is refused:', command: 'coffer plugin register -sha256=aa secret mine' }],
    load: async () => (await import('./catalog.ts')).register,
  },
  {
    name: 'deregister',
    summary: 'Take a plugin out of the catalog; what is built in stays.',
    arguments: 'TYPE NAME',
    arity: { min: 2, max: 2 },
    flags: [versionFlag],
    examples: [{ says: 'A name that was never there:', command: 'coffer plugin deregister secret old' }],
    load: async () => (await import('./catalog.ts')).deregister,
  },
  {
    name: 'reload',
    summary: 'Restart the mounts of a plugin, or some mounts.',
    arity: { min: 0, max: 0 },
    flags: [
      { name: 'plugin', kind: 'text', value: 'NAME', summary: 'All mounts of this plugin.' },
      { name: 'mounts', kind: 'list', value: 'PATH', summary: 'This mount; may be repeated.' },
      { name: 'scope', kind: 'text', value: 'global', summary: 'Accepted for compatibility.' },
    ],
    examples: [{ says: 'One mount:', command: 'coffer plugin reload -mounts=secret/' }],
    load: async () => (await import('./catalog.ts')).reload,
  },
];
