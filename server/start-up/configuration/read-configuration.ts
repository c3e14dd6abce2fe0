import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HclBlock, readHcl } from '../../../formats/hcl/index.ts';
import { completeConfiguration } from './complete-configuration.ts';
import type {
  AuditDeviceConfiguration,
  Configuration,
  ConfigurationNotice,
  ListenerConfiguration,
  PluginStanza,
  SealStanza,
} from './configuration.ts';
import type { GivenValues } from './key-declaration.ts';
import { Findings, mergeValues, noValues, readKeys } from './read-keys.ts';
import { readListener } from './read-listener.ts';
import { type KnownPlugins, readAuditDevice, readSeal, readStorage } from './read-stanzas.ts';
import { telemetryKeys, telemetryPushKeys, topLevelKeys } from './top-level-keys.ts';

/** Everything that is wrong with the configuration, each with file, line and key. Values are never repeated. */
export class ConfigurationError extends Error {
  readonly problems: readonly ConfigurationNotice[];
  constructor(problems: readonly ConfigurationNotice[]) {
    const sorted = inOrder(problems);
    super(sorted.map(noticeText).join('\n'));
    this.name = 'ConfigurationError';
    this.problems = sorted;
  }
}

/** File by file, from top to bottom. */
function inOrder(notices: readonly ConfigurationNotice[]): ConfigurationNotice[] {
  const files = [...new Set(notices.map(({ file }) => file))];
  return notices.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0),
  );
}

/** What the program was told by a flag has no lines to look at. */
const notAFile = '-';

/** `FILE:LINE: "KEY" message`, or `-FLAG: "KEY" message`. */
export function noticeText({ file, line, key, message }: ConfigurationNotice): string {
  const place = line === undefined || file.startsWith(notAFile) ? file : `${file}:${line}`;
  const text = key === undefined || message.startsWith(`"${key}"`) ? message : `"${key}" ${message}`;
  return place === '' ? text : `${place}: ${text}`;
}

export interface ConfigurationInput {
  /** Texts that come before all files: what the program itself wants, named for messages. */
  readonly texts?: readonly { readonly name: string; readonly text: string }[];
  /** Files, or folders whose *.hcl and *.json are read in order of their names. */
  readonly paths: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly plugins: KnownPlugins;
  /** From the command line; they win over files and environment. */
  readonly overrides?: Readonly<Partial<Record<OverridableKey, string>>>;
}

export type OverridableKey = keyof typeof topLevelKeys;

/** What all files said, in the order in which they were read. */
export interface GatheredConfiguration {
  readonly sources: string[];
  values: GivenValues<typeof topLevelKeys>;
  telemetry: GivenValues<typeof telemetryKeys>;
  readonly listeners: ListenerConfiguration[];
  storage: PluginStanza | undefined;
  /** There was a stanza, good or bad; so nobody has to be told that it is missing. */
  hasStorage: boolean;
  readonly seals: SealStanza[];
  readonly auditDevices: AuditDeviceConfiguration[];
}

/**
 * Reads Vault's configuration format, HCL or JSON, and merges files as Vault does: lists grow, a later value
 * wins over an earlier one, of two lease lifetimes the longer counts. Throws `ConfigurationError` with
 * everything that is wrong.
 */
export function readConfiguration(input: ConfigurationInput): Configuration {
  const findings = new Findings();
  const gathered: GatheredConfiguration = {
    sources: [],
    values: noValues(topLevelKeys),
    telemetry: noValues(telemetryKeys),
    listeners: [],
    storage: undefined,
    hasStorage: false,
    seals: [],
    auditDevices: [],
  };
  for (const { name, text } of input.texts ?? []) {
    readInto(gathered, readHcl(text, { file: name }), input.plugins, findings);
  }
  for (const file of input.paths.flatMap((path) => filesOf(path, findings))) {
    const block = readFile(file, findings);
    if (!block) continue;
    gathered.sources.push(file);
    readInto(gathered, block, input.plugins, findings);
  }
  const configuration = completeConfiguration(gathered, input, findings);
  if (configuration === undefined || findings.problems.length > 0) {
    throw new ConfigurationError(findings.problems);
  }
  return configuration;
}

function filesOf(path: string, findings: Findings): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => /^[^.~#].*\.(hcl|json)$/.test(name));
    if (names.length === 0) {
      findings.problems.push(noticeOfFile(path, 'the folder holds no .hcl and no .json file.'));
    }
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    findings.problems.push(noticeOfFile(path, `cannot be read: ${fileProblem(error)}.`));
    return [];
  }
}

function readFile(file: string, findings: Findings): HclBlock | undefined {
  const place = new HclBlock(file, '', [], emptyBody, emptyBody.at);
  try {
    const text = readFileSync(file, 'utf8');
    return findings.attempt(place, undefined, () => readHcl(text, { file }));
  } catch (error) {
    findings.problems.push(noticeOfFile(file, `cannot be read: ${fileProblem(error)}.`));
    return undefined;
  }
}

const emptyBody = { kind: 'object', items: [], at: { line: 1, column: 1 }, start: 0, end: 0 } as const;

function readInto(
  gathered: GatheredConfiguration,
  block: HclBlock,
  plugins: KnownPlugins,
  findings: Findings,
): void {
  const before = gathered.values;
  const values = readKeys(block, topLevelKeys, findings);
  gathered.values = {
    ...mergeValues(before, values),
    default_lease_ttl: longer(before.default_lease_ttl, values.default_lease_ttl),
    max_lease_ttl: longer(before.max_lease_ttl, values.max_lease_ttl),
  };
  for (const stanza of blocksOf(block, ['listener'], 1, findings)) {
    const listener = readListener(stanza, findings);
    if (listener) gathered.listeners.push(listener);
  }
  readStorageStanzas(gathered, block, plugins, findings);
  for (const stanza of blocksOf(block, ['seal'], 1, findings)) {
    const seal = readSeal(stanza, plugins, findings);
    if (seal) gathered.seals.push(seal);
  }
  for (const stanza of blocksOf(block, ['audit'], 2, findings)) {
    const device = readAuditDevice(stanza, plugins, findings);
    if (device) gathered.auditDevices.push(device);
  }
  for (const stanza of blocksOf(block, ['telemetry'], 0, findings)) {
    const telemetry = readKeys(stanza, { ...telemetryKeys, ...telemetryPushKeys }, findings);
    gathered.telemetry = mergeValues(gathered.telemetry, telemetry);
  }
}

function readStorageStanzas(
  gathered: GatheredConfiguration,
  block: HclBlock,
  plugins: KnownPlugins,
  findings: Findings,
): void {
  const [stanza, second] = blocksOf(block, ['storage', 'backend'], 1, findings);
  if (second) findings.problem(second, undefined, 'storage is there twice; keep one of them.');
  if (!stanza) return;
  gathered.hasStorage = true;
  gathered.storage = readStorage(stanza, plugins, findings) ?? gathered.storage;
}

function blocksOf(
  block: HclBlock,
  names: readonly string[],
  labels: number,
  findings: Findings,
): readonly HclBlock[] {
  return names.flatMap((name) => findings.attempt(block, name, () => block.blocks(name, labels)) ?? []);
}

function longer(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function noticeOfFile(file: string, message: string): ConfigurationNotice {
  return { file, line: undefined, key: undefined, message };
}

function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  return code === '' ? String(error) : code;
}
