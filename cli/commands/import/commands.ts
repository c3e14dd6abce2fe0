import type { Entry, Flag } from '../../command.ts';
import { connectionFlags } from '../../global-flags.ts';

const sourceSummaries: Readonly<Record<string, string>> = {
  address: 'Address of the server to copy from. Also VAULT_ADDR or BAO_ADDR.',
  namespace: 'Namespace there to begin in. Also VAULT_NAMESPACE.',
  'ca-cert': 'PEM file of the authority that the source is trusted by. Also VAULT_CACERT.',
  'ca-path': 'Folder of such PEM files. Also VAULT_CAPATH.',
  'client-cert': 'PEM certificate to show to the source. Also VAULT_CLIENT_CERT.',
  'client-key': 'PEM key of that certificate. Also VAULT_CLIENT_KEY.',
  'tls-server-name': "Name to expect in the source's certificate. Also VAULT_TLS_SERVER_NAME.",
  'tls-skip-verify': "Do not check the source's certificate. Also VAULT_SKIP_VERIFY.",
};

/** The connection flags are the source's here; the target is the server that COFFER_ADDR names, or these flags. */
const connectionsFlags: readonly Flag[] = [
  ...connectionFlags
    .filter(({ name }) => Object.hasOwn(sourceSummaries, name))
    .map(({ default: _none, ...flag }) => ({ ...flag, summary: sourceSummaries[flag.name] ?? flag.summary })),
  {
    name: 'token-file',
    kind: 'text',
    value: 'FILE',
    summary:
      'File with a token of the source that may read everything; `-` reads standard input. Else VAULT_TOKEN or BAO_TOKEN, else it is asked for.',
  },
  {
    name: 'target-address',
    kind: 'text',
    value: 'URL',
    summary: 'Address of the Coffer to copy into. Also COFFER_ADDR.',
    default: 'http://127.0.0.1:8200',
  },
  {
    name: 'target-namespace',
    kind: 'text',
    value: 'NAME',
    summary: 'Namespace there to copy into. Also COFFER_NAMESPACE.',
  },
  {
    name: 'target-ca-cert',
    kind: 'text',
    value: 'FILE',
    summary: 'PEM file of the authority that the target is trusted by. Also COFFER_CACERT.',
  },
];

const importFlags: readonly Flag[] = [
  { name: 'dry-run', kind: 'boolean', summary: 'Change nothing: show what would happen to each thing.' },
  {
    name: 'include',
    kind: 'list',
    value: 'GLOB',
    summary: 'Only paths like this, such as `secret/ai/**` or `auth/approle/**`; may be repeated.',
  },
  {
    name: 'exclude',
    kind: 'list',
    value: 'GLOB',
    summary: 'No paths like this; may be repeated, and goes before -include.',
  },
  {
    name: 'on-conflict',
    kind: 'text',
    value: 'skip|overwrite|fail',
    summary: 'What to do where the target has something else: leave it, replace it, or stop.',
    default: 'skip',
  },
  {
    name: 'report',
    kind: 'text',
    value: 'FILE',
    summary:
      'Write everything that was not carried as it was to this file: JSON, or text when its name ends in .txt.',
  },
  {
    name: 'passwords',
    kind: 'text',
    value: 'FILE',
    summary:
      'Where the wrapping tokens of new userpass passwords go, one JSON object a line, readable by you alone.',
    default: 'import-passwords.jsonl',
  },
  {
    name: 'password-ttl',
    kind: 'duration',
    value: 'DURATION',
    summary: 'How long these wrapping tokens live.',
    default: '72h',
  },
  {
    name: 'concurrency',
    kind: 'number',
    value: 'N',
    summary: 'Things that are copied at once, from 1 to 64.',
    default: '8',
  },
  {
    name: 'max-retries',
    kind: 'number',
    value: 'N',
    summary: 'How often a request is sent again after 429, a 5xx or a lost connection, with growing pauses.',
    default: '8',
  },
  { name: 'non-interactive', kind: 'boolean', summary: 'Never ask a question on the terminal.' },
];

export const commands: readonly Entry[] = [
  {
    name: 'vault',
    summary: 'Copy everything that the API gives out from a server that speaks Vault’s API into this Coffer.',
    description:
      'Namespaces, mounts, secrets with all their versions, policies, AppRole and token roles, userpass users, identity and quotas. Run it again after an interruption: what is at the target already is compared and not written twice. Exit code 0: all that can be carried is there. 1: wrong usage. 2: something failed, or a conflict stopped it.',
    arity: { min: 0, max: 0 },
    output: 'format',
    talksTo: 'local',
    flags: [...connectionsFlags, ...importFlags],
    examples: [
      {
        says: 'What would happen:',
        command:
          'coffer import vault -address=https://vault.example.com:8200 -token-file=vault-token -dry-run',
      },
      {
        says: 'Copy, with a report:',
        command:
          'coffer import vault -address=https://vault.example.com:8200 -token-file=vault-token -report=import.json',
      },
      {
        says: 'One store without its old part:',
        command:
          'coffer import vault -address=https://vault.example.com:8200 -token-file=vault-token -include=secret/** -exclude=secret/legacy/**',
      },
    ],
    load: async () => (await import('./vault.ts')).importVault,
  },
];
