import type { Command, Entry, Flag } from '../../command.ts';

const none = { min: 0, max: 0 } as const;

const shareFlags: readonly Flag[] = [
  {
    name: 'key-shares',
    aliases: ['n'],
    kind: 'number',
    summary: 'How many key shares to make.',
    default: '5',
  },
  {
    name: 'key-threshold',
    aliases: ['t'],
    kind: 'number',
    summary: 'How many of them are needed.',
    default: '3',
  },
];

const pgpKeysFlag: Flag = {
  name: 'pgp-keys',
  kind: 'list',
  value: 'FILE[,FILE...]',
  summary: 'PGP public keys, one for each share: every share is encrypted for its holder.',
};

const targetFlag: Flag = {
  name: 'target',
  kind: 'text',
  value: 'barrier|recovery',
  summary: 'Which keys: those that unseal, or the recovery keys of a server that unseals itself.',
  default: 'barrier',
};

const nonceFlag: Flag = {
  name: 'nonce',
  kind: 'text',
  value: 'NONCE',
  summary: 'Nonce of the operation, as -init printed it; makes sure that everybody works on the same one.',
};

const keyWords =
  'The key is asked for on the terminal and not shown. As an argument other processes can see it; `-` reads it from standard input.';

export const commands: readonly Entry[] = [
  {
    name: 'init',
    summary:
      'Initialise the server: make the root key, its shares and the first root token. Once in its life.',
    description:
      'The keys and the token are shown once and stored nowhere. Without enough of the keys nobody, including whoever runs the server, can read the data.',
    arity: none,
    output: 'format',
    flags: [
      ...shareFlags,
      pgpKeysFlag,
      {
        name: 'root-token-pgp-key',
        kind: 'text',
        value: 'FILE',
        summary: 'PGP public key that the root token is encrypted for.',
      },
      {
        name: 'recovery-shares',
        kind: 'number',
        summary: 'How many recovery shares to make, for a server that unseals itself.',
        default: '5',
      },
      { name: 'recovery-threshold', kind: 'number', summary: 'How many of those are needed.', default: '3' },
      {
        name: 'recovery-pgp-keys',
        kind: 'list',
        value: 'FILE[,FILE...]',
        summary: 'PGP public keys, one for each recovery share.',
      },
      { name: 'stored-shares', kind: 'number', summary: 'Accepted for compatibility; has no effect.' },
      {
        name: 'status',
        kind: 'boolean',
        summary: 'Only say whether it is initialised: exit code 0 if so, 2 if not.',
      },
    ],
    examples: [
      { says: 'Five shares, three needed:', command: 'coffer operator init' },
      {
        says: 'One share, for a test server:',
        command: 'coffer operator init -key-shares=1 -key-threshold=1',
      },
      { says: 'Is it initialised?', command: 'coffer operator init -status' },
    ],
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'unseal',
    summary: 'Give the server one key share; with enough of them it unseals.',
    description: keyWords,
    arguments: '[KEY | -]',
    arity: { min: 0, max: 1, expected: '1' },
    output: 'format',
    flags: [
      { name: 'reset', kind: 'boolean', summary: 'Forget the shares given so far.' },
      { name: 'migrate', kind: 'boolean', summary: 'Give this share for the migration to another seal.' },
    ],
    examples: [{ says: 'With the share asked for:', command: 'coffer operator unseal' }],
    load: async () => (await import('./unseal.ts')).unseal,
  },
  {
    name: 'seal',
    summary: 'Seal the server: it forgets its keys and serves nothing until it is unsealed.',
    arity: none,
    examples: [{ says: 'At once:', command: 'coffer operator seal' }],
    load: async () => (await import('./seal.ts')).seal,
  },
  {
    name: 'rotate',
    summary: 'Make a new encryption key for what is written from now on; older data stays readable.',
    arity: none,
    output: 'format',
    examples: [{ says: 'A new key:', command: 'coffer operator rotate' }],
    load: async () => (await import('./keys.ts')).rotate,
  },
  {
    name: 'key-status',
    summary: 'Show the term of the encryption key, its age and how often it was used.',
    arity: none,
    output: 'format',
    examples: [{ says: 'The key in use:', command: 'coffer operator key-status' }],
    load: async () => (await import('./keys.ts')).keyStatus,
  },
  ...clusterCommands(),
  rekeyCommand(),
  {
    name: 'generate-root',
    summary: 'Make a new root token with the agreement of enough key holders.',
    description: `Start with -init, let the key holders give their shares, then -decode the result with the one-time password. ${keyWords}`,
    arguments: '[KEY | -]',
    arity: { min: 0, max: 1 },
    output: 'format',
    flags: [
      { name: 'init', kind: 'boolean', summary: 'Start. Prints the nonce and a one-time password.' },
      {
        name: 'otp',
        kind: 'text',
        value: 'TEXT',
        summary: 'One-time password to use with -init or -decode; `-` reads it from standard input.',
      },
      {
        name: 'pgp-key',
        kind: 'text',
        value: 'FILE',
        summary: 'Encrypt the token for this PGP public key instead.',
      },
      {
        name: 'decode',
        kind: 'text',
        value: 'TOKEN',
        summary: 'Decode the encoded token; needs -otp. `-` reads it from standard input.',
      },
      { name: 'generate-otp', kind: 'boolean', summary: 'Print a one-time password for -init.' },
      { name: 'status', kind: 'boolean', summary: 'Show how far it is.' },
      { name: 'cancel', kind: 'boolean', summary: 'Stop it and forget the shares given so far.' },
      nonceFlag,
    ],
    examples: [
      { says: 'Start:', command: 'coffer operator generate-root -init' },
      { says: 'Give a share:', command: 'coffer operator generate-root -nonce=NONCE' },
      { says: 'Decode the result:', command: 'coffer operator generate-root -decode=ENCODED -otp=OTP' },
    ],
    load: async () => (await import('./generate-root.ts')).generateRoot,
  },
];

function rekeyCommand(): Command {
  return {
    name: 'rekey',
    summary: 'Make new key shares with the agreement of enough holders of the present ones.',
    description: `Start with -init, then let the key holders give their shares. ${keyWords}`,
    arguments: '[KEY | -]',
    arity: { min: 0, max: 1 },
    output: 'format',
    flags: [
      { name: 'init', kind: 'boolean', summary: 'Start. Prints the nonce.' },
      ...shareFlags,
      pgpKeysFlag,
      {
        name: 'verify',
        kind: 'boolean',
        summary:
          'With -init: the new shares count only once they were given back. Otherwise: give a new share back.',
      },
      { name: 'status', kind: 'boolean', summary: 'Show how far it is.' },
      { name: 'cancel', kind: 'boolean', summary: 'Stop it and forget the shares given so far.' },
      nonceFlag,
      targetFlag,
      {
        name: 'backup',
        kind: 'boolean',
        summary: 'With -init and -pgp-keys: the server keeps the encrypted shares.',
      },
      {
        name: 'backup-retrieve',
        kind: 'boolean',
        summary: 'Print the encrypted shares that the server keeps.',
      },
      { name: 'backup-delete', kind: 'boolean', summary: 'Delete them.' },
    ],
    examples: [
      {
        says: 'Start, for three shares of which two are needed:',
        command: 'coffer operator rekey -init -key-shares=3 -key-threshold=2',
      },
      { says: 'Give a share:', command: 'coffer operator rekey -nonce=NONCE' },
      { says: 'How far is it?', command: 'coffer operator rekey -status' },
    ],
    load: async () => (await import('./rekey.ts')).rekey,
  };
}

async function handedToServer(): Promise<never> {
  throw new Error('the command is handed to the server before a handler is loaded');
}

function clusterCommands(): Command[] {
  const raft = ['list-peers', 'join', 'remove-peer', 'snapshot', 'autopilot'].join(', ');
  return [
    {
      name: 'check',
      summary: 'Check a store for damage without a server: its pages, and every record with its key.',
      arity: { min: 0 },
      talksTo: 'local',
      handedOver: true,
      examples: [
        { says: 'The store of a server:', command: 'coffer operator check -config=/etc/coffer/coffer.hcl' },
      ],
      load: handedToServer,
    },
    {
      name: 'validate-config',
      summary: 'Read a configuration as a server would, and say what is wrong with it.',
      arity: { min: 0 },
      talksTo: 'local',
      handedOver: true,
      examples: [
        {
          says: 'Before a restart:',
          command: 'coffer operator validate-config -config=/etc/coffer/coffer.hcl',
        },
      ],
      load: handedToServer,
    },
    {
      name: 'members',
      summary: 'List the nodes of the cluster.',
      arity: none,
      output: 'format',
      examples: [{ says: 'All nodes:', command: 'coffer operator members' }],
      load: async () => (await import('./members.ts')).members,
    },
    {
      name: 'step-down',
      summary:
        'Ask the active node to hand over; every node of Coffer serves, so nothing changes for its callers.',
      arity: none,
      examples: [{ says: 'Hand over:', command: 'coffer operator step-down' }],
      load: async () => (await import('./members.ts')).stepDown,
    },
    {
      name: 'raft',
      summary: `Answers that there is no Raft cluster (${raft}).`,
      arguments: 'SUBCOMMAND',
      arity: { min: 0 },
      output: 'format',
      examples: [{ says: 'Says what there is instead:', command: 'coffer operator raft list-peers' }],
      load: async () => (await import('./members.ts')).noRaft,
    },
    {
      name: 'migrate',
      summary: 'Refused, with the way that there is: `coffer import vault`.',
      arity: { min: 0 },
      talksTo: 'local',
      flags: [{ name: 'config', kind: 'text', value: 'FILE', summary: 'Accepted for compatibility.' }],
      examples: [{ says: 'Says what there is instead:', command: 'coffer operator migrate' }],
      load: async () => (await import('./members.ts')).noMigration,
    },
  ];
}
