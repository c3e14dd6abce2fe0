import type { HclBlock } from '../../../formats/hcl/index.ts';
import { suggestion } from '../../../formats/nearest-word/index.ts';
import type { AuditDeviceConfiguration, PluginStanza, SealStanza } from './configuration.ts';
import type { KeyDeclarations } from './key-declaration.ts';
import { type Findings, readKeys, withDefaults } from './read-keys.ts';
import {
  auditKeys,
  foreignStorage,
  inmemKeys,
  migratedStorageKeys,
  sealFolders,
  sealKeys,
  sqliteKeys,
} from './stanza-keys.ts';

/** The folders of plug-ins that this program has. */
export interface KnownPlugins {
  readonly storage: readonly string[];
  readonly seals: readonly string[];
  readonly auditDevices: readonly string[];
}

export function readStorage(
  block: HclBlock,
  known: KnownPlugins,
  findings: Findings,
): PluginStanza | undefined {
  const [type = ''] = block.labels;
  if (type === 'sqlite') return readPathStorage(block, sqliteKeys, findings);
  if (type === 'inmem' || type === 'memory') {
    readKeys(block, inmemKeys, findings);
    findings.warning(block, undefined, 'keeps everything in memory: it is gone when the server stops.');
    return { type: 'memory', settings: {} };
  }
  if (type === 'file' || type === 'raft') {
    const stanza = readPathStorage(block, migratedStorageKeys, findings);
    findings.warning(
      block,
      undefined,
      `is read as storage "sqlite" in the same folder. What Vault wrote there is neither read nor changed.`,
    );
    return stanza;
  }
  if (known.storage.includes(type)) return { type, settings: block.plain() };
  const all = [...new Set([...known.storage, 'sqlite', 'inmem'])].filter((name) => name !== 'memory');
  const reason = foreignStorage.has(type) ? 'is a storage of Vault that Coffer does not have' : 'is unknown';
  findings.problem(
    block,
    'storage',
    `"${type}" ${reason}. Known: ${all.join(', ')}.${suggestion(type, [...all, 'file', 'raft'])}`,
  );
  return undefined;
}

function readPathStorage<const K extends KeyDeclarations & { path: { type: 'path'; description: string } }>(
  block: HclBlock,
  keys: K,
  findings: Findings,
): PluginStanza | undefined {
  const before = findings.problems.length;
  const values = readKeys(block, keys, findings);
  if (findings.problems.length > before) return undefined;
  const settings = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  if (settings['path'] !== undefined) return { type: 'sqlite', settings };
  findings.problem(block, 'path', 'is needed: the folder of the data, for example "/var/lib/coffer".');
  return undefined;
}

export function readSeal(block: HclBlock, known: KnownPlugins, findings: Findings): SealStanza | undefined {
  const [word = ''] = block.labels;
  const type = sealFolders[word] ?? word;
  const { disabled } = withDefaults(sealKeys, readKeys(block, sealKeys, findings, 'kept'));
  if (!known.seals.includes(type)) {
    findings.problem(
      block,
      'seal',
      `there is no such seal. Known: ${known.seals.join(', ')}.${suggestion(word, known.seals)}`,
    );
    return undefined;
  }
  const settings = block.plain();
  for (const key of Object.keys(sealKeys)) delete settings[key];
  return { type, settings, disabled };
}

export function readAuditDevice(
  block: HclBlock,
  known: KnownPlugins,
  findings: Findings,
): AuditDeviceConfiguration | undefined {
  const [type = '', path = type] = block.labels;
  const { description, local } = withDefaults(auditKeys, readKeys(block, auditKeys, findings, 'kept'));
  if (!known.auditDevices.includes(type)) {
    findings.problem(
      block,
      'audit',
      `there is no such audit device. Known: ${known.auditDevices.join(', ')}.${suggestion(type, known.auditDevices)}`,
    );
    return undefined;
  }
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*\/?$/.test(path)) {
    findings.problem(block, 'audit', 'has a path that cannot be one: write names with "/" between them.');
    return undefined;
  }
  const inner = findings.attempt(block, 'options', () => block.block('options'));
  const given: Record<string, unknown> = { ...block.plain(), ...inner?.plain() };
  const options: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    if (Object.hasOwn(auditKeys, key) || value === null) continue;
    if (typeof value === 'object') {
      findings.problem(inner ?? block, key, 'must be a string, a number, or true or false.');
    } else {
      options[key] = String(value);
    }
  }
  return { type, path: path.endsWith('/') ? path : `${path}/`, description, local, options };
}
