import type { Entry } from '../../command.ts';

export const commands: readonly Entry[] = [
  {
    name: 'write',
    summary: 'Create or replace a policy.',
    arguments: 'NAME FILE | -',
    arity: { min: 2, max: 2 },
    examples: [
      {
        says: 'From a file:',
        command: 'coffer policy write ai-inference-service ./ai-inference-service.hcl',
      },
      { says: 'From standard input:', command: 'coffer policy write ci - < ci.hcl' },
    ],
    load: async () => (await import('./write.ts')).write,
  },
  {
    name: 'read',
    summary: "Print a policy's rules.",
    arguments: 'NAME',
    arity: { min: 1, max: 1 },
    output: 'format',
    examples: [{ says: 'The policy that every token has:', command: 'coffer policy read default' }],
    load: async () => (await import('./read.ts')).read,
  },
  {
    name: 'list',
    summary: 'List the names of the policies.',
    arity: { min: 0, max: 0 },
    output: 'format',
    examples: [{ says: 'All of them:', command: 'coffer policy list' }],
    load: async () => (await import('./list.ts')).list,
  },
  {
    name: 'delete',
    summary: 'Delete a policy; tokens that have it lose what it allowed at once.',
    arguments: 'NAME',
    arity: { min: 1, max: 1 },
    examples: [{ says: 'The policy ci:', command: 'coffer policy delete ci' }],
    load: async () => (await import('./delete.ts')).remove,
  },
  {
    name: 'fmt',
    summary: 'Bring a policy file into its standard form, in place.',
    arguments: 'FILE',
    arity: { min: 1, max: 1 },
    talksTo: 'local',
    examples: [{ says: 'One file:', command: 'coffer policy fmt ci.hcl' }],
    load: async () => (await import('./fmt.ts')).fmt,
  },
];
