import type { Command, Entry, Flag } from '../../command.ts';

const mountFlag: Flag = {
  name: 'mount',
  kind: 'text',
  value: 'PATH',
  summary:
    'Where the store is mounted; PATH is then the name within it. Without this flag PATH begins with the mount.',
};

const casFlag: Flag = {
  name: 'cas',
  kind: 'number',
  summary: 'Write only if the current version is this one; 0 means that there must be none yet.',
};

const versionsFlag: Flag = {
  name: 'versions',
  kind: 'list',
  value: 'N[,N...]',
  summary: 'The versions meant; may be repeated.',
};

const metadataFlags: readonly Flag[] = [
  mountFlag,
  {
    name: 'max-versions',
    kind: 'number',
    summary: "How many versions are kept; 0 for the store's own setting.",
  },
  {
    name: 'cas-required',
    kind: 'boolean',
    summary: 'Refuse writes that do not say which version they replace.',
  },
  {
    name: 'delete-version-after',
    kind: 'duration',
    summary: 'Delete every new version after this time; 0s for never.',
  },
  { name: 'custom-metadata', kind: 'map', value: 'KEY=VALUE', summary: 'Free metadata; may be repeated.' },
];

const dataWords =
  'Data is key=value; key=@file takes the value from a file, key=- from standard input, `@file` and `-` alone are JSON objects. Values on the command line are visible to other processes; files and standard input are not.';

const onePath = { min: 1, max: 1 } as const;

const dataCommands: readonly Command[] = [
  {
    name: 'get',
    summary: 'Read a secret.',
    arguments: 'PATH',
    arity: onePath,
    output: 'field',
    flags: [
      mountFlag,
      { name: 'version', kind: 'number', summary: 'Read this version instead of the newest.' },
    ],
    examples: [
      { says: 'The newest version:', command: 'coffer kv get secret/ai/openai' },
      { says: 'One value alone, for a script:', command: 'coffer kv get -field=api-key secret/ai/openai' },
      { says: 'An older version:', command: 'coffer kv get -version=2 secret/ai/openai' },
    ],
    load: async () => (await import('./get.ts')).get,
  },
  {
    name: 'put',
    summary: 'Write a secret: all of its data, as a new version.',
    description: dataWords,
    arguments: 'PATH K=V... | @FILE | -',
    arity: { min: 1, expected: '>1' },
    output: 'field',
    flags: [mountFlag, casFlag],
    examples: [
      {
        says: 'A value from a file:',
        command: 'coffer kv put secret/ai/openai api-key=@key.txt org-id=org-abc123',
      },
      {
        says: 'A value from standard input:',
        command: 'printf %s "$KEY" | coffer kv put secret/ai/openai api-key=-',
      },
      {
        says: 'Only if it does not exist yet:',
        command: 'coffer kv put -cas=0 secret/ai/openai @openai.json',
      },
    ],
    load: async () => (await import('./put.ts')).put,
  },
  {
    name: 'patch',
    summary: 'Change some values of a secret and keep the others, as a new version.',
    description: dataWords,
    arguments: 'PATH K=V... | @FILE | -',
    arity: { min: 1, expected: '>1' },
    output: 'field',
    flags: [
      mountFlag,
      casFlag,
      {
        name: 'method',
        kind: 'text',
        value: 'patch|rw',
        summary:
          'patch: one request that needs the capability patch. rw: read, then write. Without it: patch, then rw if that is not allowed.',
      },
      { name: 'remove-data', kind: 'list', value: 'KEY', summary: 'Take this key out; may be repeated.' },
    ],
    examples: [
      { says: 'Another value:', command: 'coffer kv patch secret/ai/openai org-id=org-def456' },
      { says: 'Without a key:', command: 'coffer kv patch -remove-data=org-id secret/ai/openai' },
    ],
    load: async () => (await import('./patch.ts')).patch,
  },
  {
    name: 'list',
    summary: 'List the names under a path.',
    arguments: 'PATH',
    arity: { min: 0, max: 1, expected: '1' },
    output: 'format',
    flags: [
      mountFlag,
      { name: 'detailed', kind: 'boolean', summary: 'Show what is known of each name.' },
      { name: 'after', kind: 'text', value: 'NAME', summary: 'Only names after this one.' },
      { name: 'limit', kind: 'number', summary: 'At most so many names.' },
    ],
    examples: [
      { says: 'A folder:', command: 'coffer kv list secret/ai' },
      { says: 'The whole store:', command: 'coffer kv list -mount=secret' },
    ],
    load: async () => (await import('./list.ts')).list,
  },
  {
    name: 'scan',
    summary: 'List the names under a path at every depth.',
    arguments: 'PATH',
    arity: { min: 0, max: 1, expected: '1' },
    output: 'format',
    flags: [mountFlag],
    examples: [{ says: 'The whole store:', command: 'coffer kv scan -mount=secret' }],
    load: async () => (await import('./list.ts')).scan,
  },
  {
    name: 'delete',
    summary: 'Delete the newest version, or some versions; `kv undelete` brings them back.',
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: [mountFlag, versionsFlag],
    examples: [
      { says: 'The newest version:', command: 'coffer kv delete secret/ai/openai' },
      { says: 'Versions 3 and 4:', command: 'coffer kv delete -versions=3,4 secret/ai/openai' },
    ],
    load: async () => (await import('./delete.ts')).remove,
  },
  {
    name: 'undelete',
    summary: 'Bring deleted versions back.',
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: [mountFlag, versionsFlag],
    examples: [{ says: 'Version 3:', command: 'coffer kv undelete -versions=3 secret/ai/openai' }],
    load: async () => (await import('./versions.ts')).undelete,
  },
  {
    name: 'destroy',
    summary: 'Remove the data of versions for good.',
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: [mountFlag, versionsFlag],
    examples: [{ says: 'Versions 1 and 2:', command: 'coffer kv destroy -versions=1,2 secret/ai/openai' }],
    load: async () => (await import('./versions.ts')).destroy,
  },
  {
    name: 'rollback',
    summary: 'Write the data of an older version again, as a new version.',
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: [mountFlag, { name: 'version', kind: 'number', summary: 'The version to go back to.' }],
    examples: [{ says: 'Back to version 2:', command: 'coffer kv rollback -version=2 secret/ai/openai' }],
    load: async () => (await import('./rollback.ts')).rollback,
  },
  {
    name: 'enable-versioning',
    summary: 'Turn a store without versions (KV v1) into one with versions (KV v2).',
    arguments: 'MOUNT',
    arity: onePath,
    examples: [{ says: 'The store at kv/:', command: 'coffer kv enable-versioning kv' }],
    load: async () => (await import('./enable-versioning.ts')).enableVersioning,
  },
];

const metadataCommands: readonly Command[] = [
  {
    name: 'get',
    summary: "Show a secret's versions and settings, without its data.",
    arguments: 'PATH',
    arity: onePath,
    output: 'field',
    flags: [mountFlag],
    examples: [{ says: 'All versions:', command: 'coffer kv metadata get secret/ai/openai' }],
    load: async () => (await import('./metadata.ts')).getMetadata,
  },
  {
    name: 'put',
    summary: "Set a secret's settings; what is not named goes back to its default.",
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: metadataFlags,
    examples: [
      {
        says: 'Keep five versions and say who owns it:',
        command: 'coffer kv metadata put -max-versions=5 -custom-metadata=owner=ml secret/ai/openai',
      },
    ],
    load: async () => (await import('./metadata.ts')).putMetadata,
  },
  {
    name: 'patch',
    summary: "Change some of a secret's settings and keep the others.",
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: [
      ...metadataFlags,
      {
        name: 'remove-custom-metadata',
        kind: 'list',
        value: 'KEY',
        summary: 'Take this key out; may be repeated.',
      },
    ],
    examples: [
      { says: 'Keep ten versions:', command: 'coffer kv metadata patch -max-versions=10 secret/ai/openai' },
    ],
    load: async () => (await import('./metadata.ts')).patchMetadata,
  },
  {
    name: 'delete',
    summary: 'Remove a secret with all of its versions and settings, for good.',
    arguments: 'PATH',
    arity: onePath,
    output: 'format',
    flags: [mountFlag],
    examples: [{ says: 'Everything of it:', command: 'coffer kv metadata delete secret/ai/openai' }],
    load: async () => (await import('./metadata.ts')).deleteMetadata,
  },
];

export const commands: readonly Entry[] = [
  ...dataCommands,
  {
    name: 'metadata',
    summary: 'Versions and settings of a secret, without its data.',
    load: async () => metadataCommands,
  },
];
