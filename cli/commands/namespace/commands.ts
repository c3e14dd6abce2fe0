import type { Entry, Flag } from '../../command.ts';

const onePath = { min: 1, max: 1 } as const;

const metadataFlag: Flag = {
  name: 'custom-metadata',
  kind: 'map',
  value: 'KEY=VALUE',
  summary: 'Free metadata; may be repeated.',
};

export const commands: readonly Entry[] = [
  {
    name: 'create',
    summary: 'Create a namespace: a workspace with mounts, policies, identities and a key of its own.',
    arguments: 'PATH',
    arity: onePath,
    output: 'field',
    flags: [metadataFlag],
    examples: [
      { says: 'In the present namespace:', command: 'coffer namespace create production' },
      { says: 'With metadata:', command: 'coffer namespace create -custom-metadata=team=ml production' },
    ],
    load: async () => (await import('./namespace.ts')).create,
  },
  {
    name: 'list',
    summary: 'List the namespaces within the present one.',
    arity: { min: 0, max: 0 },
    output: 'format',
    flags: [{ name: 'detailed', kind: 'boolean', summary: 'Show what is known of each.' }],
    examples: [
      { says: 'All of them:', command: 'coffer namespace list' },
      { says: 'Those within another:', command: 'coffer namespace list -namespace=production' },
    ],
    load: async () => (await import('./list.ts')).list,
  },
  {
    name: 'scan',
    summary: 'List the namespaces within the present one, and those within them.',
    arity: { min: 0, max: 0 },
    output: 'format',
    flags: [{ name: 'detailed', kind: 'boolean', summary: 'Show what is known of each.' }],
    examples: [{ says: 'The whole tree:', command: 'coffer namespace scan' }],
    load: async () => (await import('./list.ts')).scan,
  },
  {
    name: 'lookup',
    summary: 'Show a namespace.',
    arguments: 'PATH',
    arity: onePath,
    output: 'field',
    examples: [{ says: 'One namespace:', command: 'coffer namespace lookup production' }],
    load: async () => (await import('./namespace.ts')).lookup,
  },
  {
    name: 'patch',
    summary: "Change some of a namespace's metadata and keep the rest.",
    arguments: 'PATH',
    arity: onePath,
    output: 'field',
    flags: [
      metadataFlag,
      {
        name: 'remove-custom-metadata',
        kind: 'list',
        value: 'KEY',
        summary: 'Take this key out; may be repeated.',
      },
    ],
    examples: [
      { says: 'Another team:', command: 'coffer namespace patch -custom-metadata=team=platform production' },
    ],
    load: async () => (await import('./namespace.ts')).patch,
  },
  {
    name: 'delete',
    summary:
      'Delete a namespace with everything in it; its key is destroyed, and backups of it cannot be read.',
    arguments: 'PATH',
    arity: onePath,
    examples: [{ says: 'For good:', command: 'coffer namespace delete staging' }],
    load: async () => (await import('./namespace.ts')).remove,
  },
  {
    name: 'lock',
    summary: 'Stop serving a namespace and what is within it. Prints the key that opens it again.',
    arguments: '[PATH]',
    arity: { min: 0, max: 1, expected: '0-1' },
    output: 'field',
    examples: [{ says: 'One namespace:', command: 'coffer namespace lock production' }],
    load: async () => (await import('./lock.ts')).lock,
  },
  {
    name: 'unlock',
    summary: 'Serve a locked namespace again.',
    arguments: '[PATH]',
    arity: { min: 0, max: 1, expected: '0-1' },
    flags: [
      {
        name: 'unlock-key',
        kind: 'text',
        value: 'KEY',
        summary:
          'The key that `lock` printed; without it the token needs sudo. `-` reads it from standard input.',
      },
    ],
    examples: [
      {
        says: 'With the key from a file:',
        command: 'coffer namespace unlock -unlock-key=- production < key',
      },
    ],
    load: async () => (await import('./lock.ts')).unlock,
  },
];
