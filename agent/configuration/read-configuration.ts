import fs from 'node:fs';
import { join } from 'node:path';
import { type HclBlock, HclError, readHcl } from '../../formats/hcl/index.ts';
import type { AgentConfiguration, ListenerSettings, ServerSettings } from './configuration.ts';
import { needed, permissions, readAutoAuth, seconds } from './read-methods.ts';
import { readEnvTemplate, readExec, readTemplate } from './read-templates.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration that cannot be used. The message names file and line. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * Reads an agent's configuration from files, and folders of files, in Vault Agent's format (HCL or JSON). Lists grow from
 * file to file; of single settings the last one stands. COFFER_ADDR and its like win over the files, as with Vault.
 * Throws `ConfigurationError`.
 */
export function readAgentConfiguration(
  paths: readonly string[],
  environment: Environment,
): AgentConfiguration {
  try {
    const blocks = paths.flatMap(filesAt).map((file) => readHcl(readText(file), { file }));
    const configuration = combine(blocks, environment);
    for (const block of blocks) block.refuseUnread();
    refuseNothing(configuration);
    return configuration;
  } catch (error) {
    if (error instanceof HclError)
      throw new ConfigurationError([error.message, error.hint].filter((text) => text !== '').join('. '));
    throw error;
  }
}

function combine(blocks: readonly HclBlock[], environment: Environment): AgentConfiguration {
  const last = <T>(read: (block: HclBlock) => T | undefined): T | undefined =>
    blocks.map(read).findLast((value) => value !== undefined);
  for (const block of blocks) acceptWithoutEffect(block);
  const proxy = last((block) => block.block('api_proxy'));
  const use = proxy?.value('use_auto_auth_token');
  const forced = use?.kind === 'string' && use.value === 'force';
  // Where Vault's older configurations say it.
  const cache = last((block) => block.block('cache'));
  const usesToken =
    forced || (proxy?.boolean('use_auto_auth_token') ?? cache?.boolean('use_auto_auth_token') ?? false);
  cache?.refuseUnread();
  proxy?.refuseUnread();
  const templateConfig = last((block) => block.block('template_config'));
  const configuration: AgentConfiguration = {
    server: readServer(
      last((block) => block.block('vault') ?? block.block('coffer')),
      environment,
    ),
    autoAuth: last((block) => {
      const found = block.block('auto_auth');
      return found && readAutoAuth(found);
    }),
    templates: blocks.flatMap((block) => block.blocks('template').map(readTemplate)),
    templateConfig: {
      staticIntervalSeconds:
        (templateConfig && seconds(templateConfig, 'static_secret_render_interval')) ?? 300,
      exitsOnRetryFailure: templateConfig?.boolean('exit_on_retry_failure') ?? false,
    },
    envTemplates: blocks.flatMap((block) => block.blocks('env_template', 1).map(readEnvTemplate)),
    exec: last((block) => {
      const found = block.block('exec');
      return found && readExec(found);
    }),
    listeners: blocks.flatMap((block) => block.blocks('listener', 1, true).map(readListener)),
    proxyToken: forced ? 'force' : usesToken ? 'auto' : 'none',
    pidFile: last((block) => block.string('pid_file')) || undefined,
    exitAfterAuth: last((block) => block.boolean('exit_after_auth')) ?? false,
    logLevel: last((block) => block.string('log_level')),
  };
  templateConfig?.scalar('max_connections_per_host');
  templateConfig?.refuseUnread();
  return configuration;
}

/** Settings of Vault's that change nothing here. */
function acceptWithoutEffect(block: HclBlock): void {
  for (const name of ['log_format', 'log_file', 'disable_idle_connections', 'disable_keep_alives'])
    block.items(name);
}

function readServer(block: HclBlock | undefined, environment: Environment): ServerSettings {
  const fromEnvironment = (name: string): string | undefined =>
    environment[`COFFER_${name}`] || environment[`VAULT_${name}`] || undefined;
  const retry = block?.block('retry');
  const retries = retry?.number('num_retries') ?? 12;
  retry?.refuseUnread();
  const skip = fromEnvironment('SKIP_VERIFY');
  const settings: ServerSettings = {
    address: (fromEnvironment('ADDR') ?? block?.string('address') ?? 'http://127.0.0.1:8200').replace(
      /\/+$/,
      '',
    ),
    namespace: fromEnvironment('NAMESPACE') ?? block?.string('namespace') ?? '',
    caCert: fromEnvironment('CACERT') ?? block?.string('ca_cert'),
    caPath: fromEnvironment('CAPATH') ?? block?.string('ca_path'),
    clientCert: fromEnvironment('CLIENT_CERT') ?? block?.string('client_cert'),
    clientKey: fromEnvironment('CLIENT_KEY') ?? block?.string('client_key'),
    tlsServerName: fromEnvironment('TLS_SERVER_NAME') ?? block?.string('tls_server_name'),
    tlsSkipVerify: /^(1|t|true)$/i.test(skip ?? '') || (block?.boolean('tls_skip_verify') ?? false),
    retries: retries === 0 ? 12 : retries,
  };
  for (const name of ['address', 'namespace', 'ca_cert', 'ca_path', 'client_cert', 'client_key'])
    block?.string(name);
  block?.string('tls_server_name');
  block?.boolean('tls_skip_verify');
  block?.refuseUnread();
  if (!/^https?:\/\/[^/?#]+$/.test(settings.address))
    throw new ConfigurationError('the server’s address must be a URL such as http://127.0.0.1:8200');
  return settings;
}

function readListener(block: HclBlock): ListenerSettings {
  const type = block.labels[0] ?? needed(block, 'type');
  block.string('type');
  if (type !== 'tcp' && type !== 'unix')
    throw block.error(`unknown listener "${type}"`, block.at, 'Known here: tcp, unix.');
  const disabled = block.boolean('tls_disable') ?? false;
  const settings: ListenerSettings = {
    type,
    address: needed(block, 'address'),
    socketMode: permissions(block, 'socket_mode') ?? 0o600,
    requiresRequestHeader: block.boolean('require_request_header') ?? false,
    tlsCert: block.string('tls_cert_file') || undefined,
    tlsKey: block.string('tls_key_file') || undefined,
  };
  block.refuseUnread();
  const hasTls = settings.tlsCert !== undefined && settings.tlsKey !== undefined;
  if (type === 'tcp' && !disabled && !hasTls)
    throw block.error(
      'a tcp listener needs tls_cert_file and tls_key_file',
      block.at,
      'Or say tls_disable = true.',
    );
  return disabled ? { ...settings, tlsCert: undefined, tlsKey: undefined } : settings;
}

function refuseNothing(configuration: AgentConfiguration): void {
  const { autoAuth, listeners, templates, envTemplates, exec } = configuration;
  if (!autoAuth && listeners.length === 0)
    throw new ConfigurationError('no auto_auth or listener block found in config');
  if (!autoAuth && templates.length + envTemplates.length > 0)
    throw new ConfigurationError('templates need an auto_auth block');
  if (!autoAuth && configuration.proxyToken !== 'none')
    throw new ConfigurationError('use_auto_auth_token needs an auto_auth block');
  if (envTemplates.length > 0 && !exec) throw new ConfigurationError('env_template needs an exec block');
  if (exec && !autoAuth) throw new ConfigurationError('exec needs an auto_auth block');
}

function filesAt(path: string): string[] {
  try {
    if (!fs.statSync(path).isDirectory()) return [path];
    return fs
      .readdirSync(path)
      .filter((name) => /\.(hcl|json)$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): ConfigurationError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return new ConfigurationError(`error loading configuration from ${path}: ${code}`);
}
