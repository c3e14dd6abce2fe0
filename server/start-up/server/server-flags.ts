import type { FlagDeclarations } from '../parse-flags.ts';

const oneProcess = 'The development server is one process on a store in memory.';

/** Flags of `coffer server` that belong to the development server. */
export const developmentFlags = {
  dev: {
    kind: 'switch',
    description:
      'A server to try things on: in memory, unsealed, with KV version 2 at secret/. Everything is gone when it stops.',
  },
  'dev-root-token-id': {
    kind: 'text',
    value: 'TOKEN',
    description: 'The root token, instead of a random one (COFFER_DEV_ROOT_TOKEN_ID).',
    variable: 'DEV_ROOT_TOKEN_ID',
  },
  'dev-listen-address': {
    kind: 'text',
    value: 'HOST:PORT',
    description: 'Listen here instead of 127.0.0.1:8200 (COFFER_DEV_LISTEN_ADDRESS).',
    variable: 'DEV_LISTEN_ADDRESS',
  },
  'dev-no-store-token': {
    kind: 'switch',
    description: 'Do not store the root token in ~/.coffer-token.',
  },
  'dev-tls': { kind: 'switch', description: 'Serve TLS with a certificate made for this run.' },
  'dev-tls-cert-dir': {
    kind: 'text',
    value: 'FOLDER',
    description:
      'Where -dev-tls puts certificate, key and authority; otherwise a new folder for temporary files.',
  },
  'dev-tls-san': {
    kind: 'texts',
    value: 'NAME',
    description: 'Another name or address in the certificate. May be repeated.',
  },
  'dev-kv-v1': { kind: 'switch', description: 'KV version 1 at secret/.' },
  'dev-workspaces': {
    kind: 'switch',
    description: 'The workspaces production and development, as `coffer start` makes them.',
  },
  'dev-no-kv': { kind: 'switch', description: 'Nothing at secret/.' },
  'dev-ha': { kind: 'switch', ignored: true, description: oneProcess },
  'dev-transactional': { kind: 'switch', ignored: true, description: oneProcess },
  'dev-latency': { kind: 'text', ignored: true, description: 'Nothing is slowed down.' },
  'dev-latency-jitter': { kind: 'text', ignored: true, description: 'Nothing is slowed down.' },
  'dev-leased-kv': { kind: 'switch', ignored: true, description: 'Static secrets have no leases.' },
  'dev-plugin-dir': { kind: 'text', ignored: true, description: 'Every engine is part of the program.' },
  'dev-plugin-init': { kind: 'switch', ignored: true, description: 'Every engine is part of the program.' },
  'dev-consul': { kind: 'switch', ignored: true, description: oneProcess },
} as const satisfies FlagDeclarations;

/** Flags of every `coffer server`. */
export const serverFlags = {
  config: {
    kind: 'texts',
    value: 'PATH',
    description: 'A configuration file, HCL or JSON, or a folder of them. May be repeated; later ones win.',
  },
  'log-level': {
    kind: 'text',
    value: 'LEVEL',
    description: 'trace, debug, info (the default), warn or error.',
  },
  'log-format': { kind: 'text', value: 'FORMAT', description: 'standard (the default) or json.' },
  'log-file': { kind: 'text', value: 'PATH', description: 'Log to this file too.' },
  'log-rotate-bytes': { kind: 'text', value: 'BYTES', description: 'Rotate the log file at this size.' },
  'log-rotate-duration': { kind: 'text', value: 'DURATION', description: 'Rotate the log file at this age.' },
  'log-rotate-max-files': { kind: 'text', value: 'NUMBER', description: 'Keep this many rotated log files.' },
  'exit-on-core-shutdown': {
    kind: 'switch',
    ignored: true,
    description: 'The process always ends with its core.',
  },
  'combine-logs': { kind: 'switch', ignored: true, description: 'Logs go to standard error.' },
  'disable-gated-logs': { kind: 'switch', ignored: true, description: 'Logs are never held back.' },
  experiment: { kind: 'texts', ignored: true, description: 'There are no experiments.' },
} as const satisfies FlagDeclarations;
