import { parseDurationSeconds } from '../../formats/duration/index.ts';
import type { HclBlock } from '../../formats/hcl/index.ts';
import type { AutoAuthSettings, MethodSettings, SinkSettings } from './configuration.ts';

const types = ['token_file', 'approle', 'kubernetes', 'jwt', 'cert'];

/** Reads an `auto_auth` block. Throws `HclError`. */
export function readAutoAuth(block: HclBlock): AutoAuthSettings {
  const method = block.block('method', 1, true);
  if (!method) throw block.error('auto_auth needs a method', block.at);
  const sinks = block.blocks('sink', 1, true).map(readSink);
  block.refuseUnread();
  return { method: readMethod(method), sinks };
}

/** A duration as seconds. Throws an `HclError` at its place. */
export function seconds(block: HclBlock, name: string): number | undefined {
  const value = block.scalar(name);
  if (value === undefined) return undefined;
  try {
    return parseDurationSeconds(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not a duration';
    throw block.error(`"${name}": ${reason}`, block.items(name)[0]?.value.at);
  }
}

/** File permissions in octal digits, such as 0640. */
export function permissions(block: HclBlock, name: string): number | undefined {
  const text = block.string(name);
  if (text === undefined || text === '') return undefined;
  const digits = text.replace(/^0o/, '');
  if (!/^[0-7]{3,4}$/.test(digits))
    throw block.error(`"${name}" must be octal digits such as "0640"`, block.items(name)[0]?.value.at);
  return Number.parseInt(digits, 8);
}

export function needed(block: HclBlock, name: string): string {
  const value = block.string(name);
  if (!value) throw block.error(`"${name}" is missing in ${block.name}`, block.at);
  return value;
}

function readMethod(block: HclBlock): MethodSettings {
  const type = block.labels[0] ?? needed(block, 'type');
  block.string('type');
  if (!types.includes(type))
    throw block.error(`unknown auth method "${type}"`, block.at, `Known here: ${types.join(', ')}.`);
  const config = block.block('config');
  const basics = {
    mountPath: (block.string('mount_path') ?? `auth/${type}`).replace(/^\/+|\/+$/g, ''),
    namespace: block.string('namespace'),
    minBackoffSeconds: seconds(block, 'min_backoff') ?? 1,
    maxBackoffSeconds: seconds(block, 'max_backoff') ?? 300,
    exitOnError: block.boolean('exit_on_err') ?? false,
  };
  block.refuseUnread();
  if (!config) {
    if (type === 'cert') return { ...basics, type, ...noCertificate };
    throw block.error(`method "${type}" needs a config`, block.at);
  }
  const settings = { ...basics, ...readMethodConfig(type, config) };
  config.refuseUnread();
  return settings;
}

const noCertificate = {
  name: undefined,
  caCert: undefined,
  clientCert: undefined,
  clientKey: undefined,
};

type OwnSettings<M> = M extends unknown
  ? Omit<M, 'mountPath' | 'namespace' | 'minBackoffSeconds' | 'maxBackoffSeconds' | 'exitOnError'>
  : never;

const configKeys: Readonly<Record<string, readonly string[]>> = {
  token_file: ['token_file_path'],
  approle: [
    ...['role_id_file_path', 'secret_id_file_path', 'remove_secret_id_file_after_reading'],
    'secret_id_response_wrapping_path',
  ],
  kubernetes: ['role', 'token_path'],
  jwt: ['role', 'path', 'remove_jwt_after_reading', 'remove_jwt_follows_symlinks', 'jwt_read_period'],
  cert: ['name', 'ca_cert', 'client_cert', 'client_key', 'reload'],
};

function readMethodConfig(type: string, config: HclBlock): OwnSettings<MethodSettings> {
  config.refuseUnknown(configKeys[type] ?? []);
  switch (type) {
    case 'token_file':
      return { type, tokenFile: needed(config, 'token_file_path') };
    case 'approle':
      return {
        type,
        roleIdFile: needed(config, 'role_id_file_path'),
        secretIdFile: config.string('secret_id_file_path') || undefined,
        removesSecretId: config.boolean('remove_secret_id_file_after_reading') ?? true,
        wrappingPath: config.string('secret_id_response_wrapping_path') || undefined,
      };
    case 'kubernetes':
      return {
        type,
        role: needed(config, 'role'),
        tokenFile: config.string('token_path') || '/var/run/secrets/kubernetes.io/serviceaccount/token',
      };
    case 'jwt':
      config.boolean('remove_jwt_follows_symlinks');
      config.scalar('jwt_read_period');
      return {
        type,
        role: needed(config, 'role'),
        tokenFile: needed(config, 'path'),
        removesToken: config.boolean('remove_jwt_after_reading') ?? true,
      };
    default:
      config.boolean('reload');
      return {
        type: 'cert',
        name: config.string('name') || undefined,
        caCert: config.string('ca_cert') || undefined,
        clientCert: config.string('client_cert') || undefined,
        clientKey: config.string('client_key') || undefined,
      };
  }
}

function readSink(block: HclBlock): SinkSettings {
  const type = block.labels[0] ?? needed(block, 'type');
  block.string('type');
  if (type !== 'file') throw block.error(`unknown sink "${type}"`, block.at, 'Known here: file.');
  const config = block.block('config');
  const wrapTtlSeconds = seconds(block, 'wrap_ttl');
  block.refuseUnread();
  if (!config) throw block.error('sink "file" needs a config with a path', block.at);
  const sink = {
    path: needed(config, 'path'),
    mode: permissions(config, 'mode') ?? 0o640,
    wrapTtlSeconds: wrapTtlSeconds === 0 ? undefined : wrapTtlSeconds,
  };
  config.refuseUnread();
  return sink;
}
