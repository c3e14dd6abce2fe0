import type { Command, Flag } from './command.ts';

/** Flags of every command that talks to a server. */
export const connectionFlags: readonly Flag[] = [
  {
    name: 'address',
    kind: 'text',
    value: 'URL',
    summary: 'Address of the server; unix:///path for a socket. Also COFFER_ADDR or VAULT_ADDR.',
    default: 'http://127.0.0.1:8200',
  },
  {
    name: 'namespace',
    aliases: ['ns'],
    kind: 'text',
    value: 'NAME',
    summary: 'Namespace (workspace) to work in. Also COFFER_NAMESPACE.',
  },
  {
    name: 'ca-cert',
    kind: 'text',
    value: 'FILE',
    summary: 'PEM file of the authority to trust. Also COFFER_CACERT.',
  },
  {
    name: 'ca-path',
    kind: 'text',
    value: 'FOLDER',
    summary: 'Folder of PEM files of authorities to trust. Also COFFER_CAPATH.',
  },
  {
    name: 'client-cert',
    kind: 'text',
    value: 'FILE',
    summary: 'PEM certificate to show to the server. Also COFFER_CLIENT_CERT.',
  },
  {
    name: 'client-key',
    kind: 'text',
    value: 'FILE',
    summary: 'PEM key of that certificate. Also COFFER_CLIENT_KEY.',
  },
  {
    name: 'tls-server-name',
    kind: 'text',
    value: 'NAME',
    summary: "Name to expect in the server's certificate. Also COFFER_TLS_SERVER_NAME.",
  },
  {
    name: 'tls-skip-verify',
    kind: 'boolean',
    summary:
      "Do not check the server's certificate: anyone in between can read everything. Also COFFER_SKIP_VERIFY.",
  },
  {
    name: 'wrap-ttl',
    kind: 'duration',
    value: 'DURATION',
    summary: 'Wrap the answer in a single-use token that lives this long. Also COFFER_WRAP_TTL.',
  },
  {
    name: 'header',
    kind: 'map',
    value: 'NAME=VALUE',
    summary: 'Send this header too; may be repeated. Names that begin with X-Vault- are refused.',
  },
  {
    name: 'mfa',
    kind: 'list',
    value: 'METHOD:PASSCODE',
    summary: 'Second factor of a login, by id or name of the method; may be repeated.',
  },
  {
    name: 'output-curl-string',
    kind: 'boolean',
    summary: 'Print the curl command instead of sending the request.',
  },
  {
    name: 'output-policy',
    kind: 'boolean',
    summary: 'Print the policy that the request needs instead of sending it.',
  },
  { name: 'non-interactive', kind: 'boolean', summary: 'Never ask a question on the terminal.' },
];

const formatFlag: Flag = {
  name: 'format',
  kind: 'text',
  value: 'FORMAT',
  summary: 'table, json or yaml. Also COFFER_FORMAT.',
  default: 'table',
};

const fieldFlag: Flag = {
  name: 'field',
  kind: 'text',
  value: 'NAME',
  summary: 'Print only this field, and no newline after it unless on a terminal.',
};

/** Flags for the form of the result. */
export function outputFlags(command: Command): readonly Flag[] {
  switch (command.output ?? 'none') {
    case 'none':
      return [];
    case 'format':
      return [formatFlag];
    case 'raw':
      return [
        { ...formatFlag, summary: 'table, json, yaml or raw (the answer as it came). Also COFFER_FORMAT.' },
        fieldFlag,
      ];
    default:
      return [formatFlag, fieldFlag];
  }
}

/** Everything that may stand after the command's name. */
export function flagsOf(command: Command): readonly Flag[] {
  const connection = (command.talksTo ?? 'server') === 'server' ? connectionFlags : [];
  return [...(command.flags ?? []), ...outputFlags(command), ...connection];
}
