import type { Entry } from '../../command.ts';

export const commands: readonly Entry[] = [
  {
    name: 'lookup',
    summary: 'Show a lease: when it was issued and when it ends.',
    arguments: 'ID',
    arity: { min: 0, max: 1 },
    output: 'field',
    examples: [{ says: 'One lease:', command: 'coffer lease lookup database/creds/model-server/2f6a614c' }],
    load: async () => (await import('./lookup.ts')).lookup,
  },
  {
    name: 'renew',
    summary: 'Extend a lease.',
    arguments: 'ID',
    arity: { min: 0, max: 1 },
    output: 'field',
    flags: [
      {
        name: 'increment',
        aliases: ['i'],
        kind: 'duration',
        summary: 'For how long from now; the server may give less.',
      },
    ],
    examples: [
      {
        says: 'For two hours:',
        command: 'coffer lease renew -increment=2h database/creds/model-server/2f6a614c',
      },
    ],
    load: async () => (await import('./renew.ts')).renew,
  },
  {
    name: 'revoke',
    summary: 'Revoke a lease, or all leases under a prefix: the credentials stop working.',
    arguments: 'ID | PREFIX',
    arity: { min: 1, max: 1 },
    flags: [
      {
        name: 'prefix',
        kind: 'boolean',
        summary: 'The argument is a prefix, and every lease under it is revoked.',
      },
      { name: 'sync', kind: 'boolean', summary: 'Wait until it is done, and say so if it fails.' },
      {
        name: 'force',
        aliases: ['f'],
        kind: 'boolean',
        summary:
          'Forget the leases even where the credentials cannot be revoked. Needs -prefix; for emergencies.',
      },
    ],
    examples: [
      { says: 'One lease:', command: 'coffer lease revoke database/creds/model-server/2f6a614c' },
      {
        says: 'Everything that a role gave:',
        command: 'coffer lease revoke -prefix -sync database/creds/model-server',
      },
    ],
    load: async () => (await import('./revoke.ts')).revoke,
  },
];
