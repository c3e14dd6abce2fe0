import type { Command } from '../../command.ts';

const forceFlag = {
  name: 'force',
  aliases: ['f'],
  kind: 'boolean',
  summary: 'Send the request although there is no data.',
} as const;

const serverCommands: readonly Command[] = [
  {
    name: 'start',
    summary: 'Run Coffer on this machine, ready to use: initialised, unsealed, logged in.',
    arity: { min: 0 },
    talksTo: 'local',
    handedOver: true,
    examples: [{ says: 'Run it at 127.0.0.1:8200:', command: 'coffer start' }],
    load: handedToServer,
  },
  {
    name: 'server',
    summary: 'Run a server from a configuration, or a development server in memory.',
    arity: { min: 0 },
    talksTo: 'local',
    handedOver: true,
    examples: [
      { says: 'A server for production:', command: 'coffer server -config=/etc/coffer/coffer.hcl' },
      { says: 'A server for trying things out:', command: 'coffer server -dev -dev-root-token-id=root' },
    ],
    load: handedToServer,
  },
];

async function handedToServer(): Promise<never> {
  throw new Error('start and server are handed to the server before a handler is loaded');
}

export const genericCommands: readonly Command[] = [
  ...serverCommands,
  {
    name: 'login',
    summary: 'Check a token and store it for the commands to come.',
    description:
      'The token is asked for on the terminal, or read from standard input when TOKEN is `-`; as an argument other processes can see it. It is stored in ~/.coffer-token, readable by you alone.',
    arguments: '[TOKEN | - | K=V...]',
    arity: { min: 0 },
    output: 'field',
    flags: [
      {
        name: 'method',
        kind: 'text',
        value: 'TYPE',
        summary:
          'Auth method to log in with: token, approle, userpass, ldap, jwt, oidc, kubernetes, cert or github; all but token take their data as K=V.',
        default: 'token',
      },
      {
        name: 'path',
        kind: 'text',
        value: 'PATH',
        summary: 'Where the auth method is mounted, if not at its type.',
      },
      {
        name: 'no-browser',
        kind: 'boolean',
        summary: 'With -method=oidc, print the address to sign in at and open no browser.',
      },
      { name: 'no-print', kind: 'boolean', summary: 'Store the token and print nothing.' },
      { name: 'no-store', kind: 'boolean', summary: 'Print the token and do not store it.' },
      { name: 'token-only', kind: 'boolean', summary: 'Print the token alone and do not store it.' },
    ],
    examples: [
      { says: 'Log in, with the token asked for and not shown:', command: 'coffer login' },
      { says: 'Log in from a script:', command: 'coffer login - < token.txt' },
      {
        says: 'Log in as a role:',
        command: 'coffer login -method=approle role_id=@role-id secret_id=@secret-id',
      },
      { says: 'Log in through a browser:', command: 'coffer login -method=oidc role=developer' },
      { says: 'Log in in a pod:', command: 'coffer login -method=kubernetes role=inference-role' },
      { says: 'Log in with a JWT:', command: 'coffer login -method=jwt role=deploy jwt=@token' },
    ],
    load: async () => (await import('./login.ts')).login,
  },
  {
    name: 'status',
    summary: 'Say whether the server is initialised and unsealed.',
    description: 'Exit code: 0 unsealed, 2 sealed or not initialised, 1 not reachable.',
    arity: { min: 0, max: 0 },
    output: 'format',
    examples: [
      { says: 'A table:', command: 'coffer status' },
      { says: 'For a script:', command: 'coffer status -format=json' },
    ],
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'read',
    summary: 'Read what is at a path.',
    arguments: 'PATH [K=V...]',
    arity: { min: 1, expected: '1' },
    output: 'raw',
    examples: [
      { says: 'Details of your own token:', command: 'coffer read auth/token/lookup-self' },
      {
        says: 'One field, for a script:',
        command: 'coffer read -field=password database/creds/model-server',
      },
      { says: 'With a parameter:', command: 'coffer read secret/data/ai/openai version=2' },
    ],
    load: async () => (await import('./read.ts')).read,
  },
  {
    name: 'write',
    summary: 'Write data to a path: a secret, a configuration, a role, or a request with parameters.',
    description:
      'Data is key=value; key=@file takes the value from a file, key=- from standard input, `@file` and `-` alone are JSON objects. Values on the command line are visible to other processes; files and standard input are not.',
    arguments: 'PATH [K=V... | @FILE | -]',
    arity: { min: 1, expected: '1' },
    output: 'field',
    flags: [forceFlag],
    examples: [
      { says: 'A role:', command: 'coffer write auth/token/roles/ci allowed_policies=ci period=1h' },
      { says: 'From a file:', command: 'coffer write auth/token/roles/ci @role.json' },
      { says: 'A request that needs no data:', command: 'coffer write -force sys/rotate' },
    ],
    load: async () => (await import('./write.ts')).write,
  },
  {
    name: 'list',
    summary: 'List the names under a path.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    output: 'format',
    flags: [
      { name: 'detailed', kind: 'boolean', summary: 'Show what is known of each name.' },
      { name: 'after', kind: 'text', value: 'NAME', summary: 'Only names after this one.' },
      { name: 'limit', kind: 'number', summary: 'At most so many names.' },
    ],
    examples: [{ says: 'The accessors of all tokens:', command: 'coffer list auth/token/accessors' }],
    load: async () => (await import('./list.ts')).list,
  },
  {
    name: 'scan',
    summary: 'List the names under a path at every depth.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    output: 'format',
    flags: [
      { name: 'after', kind: 'text', value: 'NAME', summary: 'Only names after this one.' },
      { name: 'limit', kind: 'number', summary: 'At most so many names.' },
    ],
    examples: [{ says: 'All secrets of a store:', command: 'coffer scan secret/metadata' }],
    load: async () => (await import('./scan.ts')).scan,
  },
  {
    name: 'delete',
    summary: 'Delete what is at a path.',
    arguments: 'PATH [K=V...]',
    arity: { min: 1, expected: 'at least 1' },
    output: 'field',
    examples: [{ says: 'A role:', command: 'coffer delete auth/token/roles/ci' }],
    load: async () => (await import('./delete.ts')).remove,
  },
  {
    name: 'patch',
    summary: 'Change some fields of what is at a path and keep the others (JSON merge patch).',
    arguments: 'PATH [K=V... | @FILE | -]',
    arity: { min: 1, expected: '1' },
    output: 'field',
    flags: [forceFlag],
    examples: [
      {
        says: 'One field of a secret:',
        command: 'printf \'{"data":{"region":"eu"}}\' | coffer patch secret/data/app -',
      },
    ],
    load: async () => (await import('./patch.ts')).patch,
  },
  {
    name: 'unwrap',
    summary: 'Take out what a wrapping token holds; the token works once.',
    arguments: '[TOKEN]',
    arity: { min: 0, max: 1 },
    output: 'field',
    examples: [{ says: 'Read a wrapped secret:', command: 'coffer unwrap hvs.CAES...' }],
    load: async () => (await import('./unwrap.ts')).unwrap,
  },
  {
    name: 'path-help',
    summary: 'Explain a path: what it is for and which fields it takes.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    output: 'format',
    examples: [{ says: 'What a secrets engine offers:', command: 'coffer path-help secret' }],
    load: async () => (await import('./path-help.ts')).pathHelp,
  },
  {
    name: 'print',
    summary: 'Print the token that commands would use: `coffer print token`.',
    arguments: 'token',
    arity: { min: 1, max: 1 },
    talksTo: 'local',
    examples: [
      {
        says: 'In a request of your own:',
        command: 'curl -H "X-Vault-Token: $(coffer print token)" http://127.0.0.1:8200/v1/sys/mounts',
      },
    ],
    load: async () => (await import('./print.ts')).print,
  },
  {
    name: 'version-history',
    summary: 'List the versions that have served this store, and since when.',
    arity: { min: 0, max: 0 },
    output: 'format',
    examples: [{ says: 'A table:', command: 'coffer version-history' }],
    load: async () => (await import('./version-history.ts')).versionHistory,
  },
  {
    name: 'version',
    summary: "Print the command line's version.",
    arity: { min: 0 },
    talksTo: 'local',
    output: 'format',
    examples: [{ says: 'The version:', command: 'coffer version' }],
    load: async () => (await import('./version.ts')).version,
  },
];
