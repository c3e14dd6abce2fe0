import type { Entry, Flag } from '../../command.ts';

const accessorFlag: Flag = {
  name: 'accessor',
  kind: 'boolean',
  summary: 'The argument is an accessor instead of a token.',
};

export const commands: readonly Entry[] = [
  {
    name: 'create',
    summary: 'Create a token, as a child of the one in use.',
    arity: { min: 0, max: 0 },
    output: 'field',
    flags: [
      {
        name: 'policy',
        kind: 'list',
        value: 'NAME',
        summary: "A policy of the token; may be repeated. Without it: the parent's.",
      },
      { name: 'ttl', kind: 'duration', summary: 'How long it lives without renewal.' },
      {
        name: 'explicit-max-ttl',
        kind: 'duration',
        summary: 'How long it lives at most, whatever is renewed.',
      },
      {
        name: 'period',
        kind: 'duration',
        summary: 'Makes it periodic: it lives for ever as long as it is renewed this often.',
      },
      { name: 'use-limit', kind: 'number', summary: 'How many requests it is good for; 0 for any number.' },
      { name: 'renewable', kind: 'boolean', summary: 'Whether it can be renewed.', default: 'true' },
      { name: 'orphan', kind: 'boolean', summary: 'No parent: it outlives the token in use.' },
      { name: 'no-default-policy', kind: 'boolean', summary: 'Without the policy `default`.' },
      { name: 'type', kind: 'text', value: 'service|batch', summary: 'Kind of token.', default: 'service' },
      { name: 'role', kind: 'text', value: 'NAME', summary: 'Token role that says what is allowed.' },
      {
        name: 'display-name',
        kind: 'text',
        value: 'TEXT',
        summary: 'Name in listings and in the audit log.',
      },
      {
        name: 'metadata',
        kind: 'map',
        value: 'KEY=VALUE',
        summary: 'Free metadata, recorded in the audit log; may be repeated.',
      },
      { name: 'entity-alias', kind: 'text', value: 'NAME', summary: 'Entity to bind it to; needs -role.' },
      {
        name: 'id',
        kind: 'text',
        value: 'TOKEN',
        summary: 'The token itself, chosen by you. Better leave it to the server.',
      },
    ],
    examples: [
      {
        says: 'For a service, renewed daily:',
        command: 'coffer token create -policy=ai-inference-service -period=24h',
      },
      {
        says: 'The token alone, for a script:',
        command: 'coffer token create -field=token -policy=ci -ttl=15m',
      },
    ],
    load: async () => (await import('./create.ts')).create,
  },
  {
    name: 'lookup',
    summary: 'Show what a token is: your own without an argument.',
    arguments: '[TOKEN | ACCESSOR]',
    arity: { min: 0, max: 1 },
    output: 'field',
    flags: [accessorFlag],
    examples: [
      { says: 'Your own:', command: 'coffer token lookup' },
      { says: 'By accessor, without knowing the token:', command: 'coffer token lookup -accessor 0e9e354a' },
    ],
    load: async () => (await import('./lookup.ts')).lookup,
  },
  {
    name: 'renew',
    summary: "Extend a token's life: your own without an argument.",
    arguments: '[TOKEN | ACCESSOR]',
    arity: { min: 0, max: 1, expected: '1' },
    output: 'field',
    flags: [
      accessorFlag,
      {
        name: 'increment',
        aliases: ['i'],
        kind: 'duration',
        summary: 'For how long from now; the server may give less.',
      },
    ],
    examples: [
      { says: 'Your own:', command: 'coffer token renew' },
      { says: 'For half an hour from now:', command: 'coffer token renew -increment=30m' },
    ],
    load: async () => (await import('./renew.ts')).renew,
  },
  {
    name: 'revoke',
    summary: 'Revoke a token at once, with its children and their leases.',
    arguments: '[TOKEN | ACCESSOR]',
    arity: { min: 0 },
    flags: [
      accessorFlag,
      { name: 'self', kind: 'boolean', summary: 'Revoke the token in use.' },
      {
        name: 'mode',
        kind: 'text',
        value: 'orphan|path',
        summary:
          'orphan: keep the children. path: the argument is a path, and every token made there is revoked.',
      },
    ],
    examples: [
      { says: 'By accessor:', command: 'coffer token revoke -accessor 0e9e354a' },
      { says: 'Your own, to log out:', command: 'coffer token revoke -self' },
    ],
    load: async () => (await import('./revoke.ts')).revoke,
  },
  {
    name: 'capabilities',
    summary: 'Show what a token may do at a path.',
    arguments: '[TOKEN] PATH',
    arity: { min: 1, max: 2 },
    output: 'format',
    examples: [{ says: 'What you may do:', command: 'coffer token capabilities secret/data/ai/openai' }],
    load: async () => (await import('./capabilities.ts')).capabilities,
  },
];
