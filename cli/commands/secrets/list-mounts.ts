import { isObject, type JsonObject, type Secret } from '../../../sdk/secret.ts';
import { compare, goText } from '../../output/go-text.ts';
import { printSecret, printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';
import type { MountKind } from './mount-kind.ts';

export async function listMounts(run: Run, kind: MountKind): Promise<number> {
  const { client } = await run.clients();
  const what =
    kind.tunePrefix === '' ? 'Error listing secrets engines' : 'Error listing enabled authentications';
  const secret = await attempt(what, () => client.read(kind.endpoint));
  if (secret?.wrap_info) return printSecret(run, secret);
  const mounts = mountsOf(secret);
  if (run.format !== 'table')
    return printValue(run, Object.fromEntries(mounts.map(([path, mount]) => [path, inOrder(mount)])));
  run.terminal.out(run.flags.on('detailed') ? detailedTable(mounts, kind) : simpleTable(mounts, kind));
  return 0;
}

function mountsOf(secret: Secret | undefined): [string, JsonObject][] {
  return Object.entries(secret?.data ?? {})
    .filter((entry): entry is [string, JsonObject] => isObject(entry[1]))
    .sort(([a], [b]) => compare(a, b));
}

/** Vault's order of keys; what it does not know stands last. */
function inOrder(mount: JsonObject): Record<string, unknown> {
  const first = ['uuid', 'type', 'description', 'accessor', 'config', 'options', 'local', 'seal_wrap'];
  const known = first.filter((key) => key in mount).map((key) => [key, mount[key]] as const);
  return { ...Object.fromEntries(known), ...mount };
}

function simpleTable(mounts: readonly [string, JsonObject][], kind: MountKind): string {
  const isAuth = kind.tunePrefix !== '';
  const rows = mounts.map(([path, mount]) => [
    path,
    text(mount['type']),
    text(mount['accessor']),
    text(mount['description']),
    ...(isAuth ? [text(mount['plugin_version'])] : []),
  ]);
  return renderTableWithHeader(
    ['Path', 'Type', 'Accessor', 'Description', ...(isAuth ? ['Version'] : [])],
    rows,
  );
}

function detailedTable(mounts: readonly [string, JsonObject][], kind: MountKind): string {
  const isAuth = kind.tunePrefix !== '';
  const header = [
    'Path',
    'Plugin',
    'Accessor',
    'Default TTL',
    'Max TTL',
    ...(isAuth ? ['Token Type'] : ['Force No Cache']),
    'Replication',
    'Seal Wrap',
    'External Entropy Access',
    'Options',
    'Description',
    'UUID',
    'Version',
    'Running Version',
    'Running SHA256',
    'Deprecation Status',
  ];
  return renderTableWithHeader(
    header,
    mounts.map(([path, mount]) => detailedRow(path, mount, isAuth)),
  );
}

function detailedRow(path: string, mount: JsonObject, isAuth: boolean): string[] {
  const config = isObject(mount['config']) ? mount['config'] : {};
  const type = text(mount['type']);
  return [
    path,
    type,
    text(mount['accessor']),
    ttl(type, config['default_lease_ttl']),
    ttl(type, config['max_lease_ttl']),
    isAuth ? text(config['token_type']) : String(config['force_no_cache'] === true),
    mount['local'] === true ? 'local' : 'replicated',
    String(mount['seal_wrap'] === true),
    String(mount['external_entropy_access'] === true),
    goText(mount['options'] ?? {}),
    text(mount['description']),
    text(mount['uuid']),
    text(mount['plugin_version']),
    text(mount['running_plugin_version']),
    text(mount['running_sha256']),
    text(mount['deprecation_status']),
  ];
}

/** Mounts that give no leases have no times. */
function ttl(type: string, value: unknown): string {
  if (/^(?:ns_)?(?:system|cubbyhole)$/.test(type)) return '';
  return value === 0 || value === undefined ? 'system' : goText(value);
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : goText(value);
}
