import { parseWholeSeconds } from '../../../formats/duration/index.ts';
import { type HclBlock, HclError } from '../../../formats/hcl/index.ts';
import { suggestion } from '../../../formats/nearest-word/index.ts';
import type { ConfigurationNotice } from './configuration.ts';
import type { CompleteValues, GivenValues, KeyDeclaration, KeyDeclarations } from './key-declaration.ts';

/** What is wrong, and what should be known, gathered over all files, so that an operator sees it all at once. */
export class Findings {
  readonly problems: ConfigurationNotice[] = [];
  readonly warnings: ConfigurationNotice[] = [];

  problem(block: HclBlock, key: string | undefined, message: string): void {
    this.problems.push(noticeAt(block, key, message));
  }

  warning(block: HclBlock, key: string | undefined, message: string): void {
    this.warnings.push(noticeAt(block, key, message));
  }

  /** Runs `read`; an `HclError` becomes a problem and the result undefined. */
  attempt<T>(block: HclBlock, key: string | undefined, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof HclError)) throw error;
      const message = error.hint === '' ? error.reason : `${error.reason}. ${error.hint}`;
      this.problems.push({ file: error.file ?? block.file ?? '', line: error.line, key, message });
      return undefined;
    }
  }
}

function noticeAt(block: HclBlock, key: string | undefined, message: string): ConfigurationNotice {
  const place = block.keys().find(({ text }) => text === key);
  return { file: block.file ?? '', line: (place ?? block).at.line, key, message };
}

/**
 * The values of `block` as `keys` declares them; a key that is not there is undefined. What is wrong goes to
 * `findings`, and so does every unknown key, unless `others` is 'kept' because somebody else knows them.
 */
export function readKeys<const K extends KeyDeclarations>(
  block: HclBlock,
  keys: K,
  findings: Findings,
  others: 'refused' | 'kept' = 'refused',
): GivenValues<K> {
  const values: Record<string, unknown> = {};
  const known = new Set(Object.keys(keys));
  for (const [name, declaration] of Object.entries(keys)) {
    values[name] = readUnderAnyName(block, name, declaration, findings);
    for (const alias of declaration.aliases ?? []) known.add(alias);
  }
  if (others === 'refused') {
    for (const key of block.keys()) {
      if (known.has(key.text)) continue;
      findings.problem(
        block,
        key.text,
        `there is no such key${whereOf(block)}.${suggestion(key.text, known)}`,
      );
    }
  }
  // Sound because `readValue` goes by the same declarations that `GivenValues` is computed from.
  return values as GivenValues<K>;
}

/** Nothing said. */
export function noValues<const K extends KeyDeclarations>(keys: K): GivenValues<K> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(keys)) values[name] = undefined;
  // Sound: undefined is a given value of every kind.
  return values as GivenValues<K>;
}

/** `later` wins where it says something. */
export function mergeValues<V extends object>(before: V, later: V): V {
  const merged = { ...before };
  for (const key in later) if (later[key] !== undefined) merged[key] = later[key];
  return merged;
}

/** Fills the declared defaults in. */
export function withDefaults<const K extends KeyDeclarations>(
  keys: K,
  given: GivenValues<K>,
): CompleteValues<K> {
  const values: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(keys)) values[name] = given[name] ?? declaration.default;
  // Sound for the same reason as above.
  return values as CompleteValues<K>;
}

/** ` in listener "tcp"`, or nothing at the top of a file. */
export function whereOf(block: HclBlock): string {
  if (block.name === '') return '';
  return ` in ${[block.name, ...block.labels.map((label) => `"${label}"`)].join(' ')}`;
}

function readUnderAnyName(block: HclBlock, name: string, key: KeyDeclaration, findings: Findings): unknown {
  const present = new Set(block.keys().map(({ text }) => text));
  const names = [name, ...(key.aliases ?? [])].filter((candidate) => present.has(candidate));
  const [first, second] = names;
  if (first === undefined) return undefined;
  if (second !== undefined && key.type !== 'block') {
    findings.problem(block, second, `says the same as "${first}"; keep one of them.`);
  }
  return findings.attempt(block, first, () => readValue(block, first, key, findings));
}

function readValue(block: HclBlock, name: string, key: KeyDeclaration, findings: Findings): unknown {
  switch (key.type) {
    case 'block':
      return undefined;
    case 'accepted':
      explain(block, name, key, findings);
      return undefined;
    case 'boolean':
      return block.boolean(name);
    case 'string':
    case 'path':
      return readText(block, name, key);
    case 'strings':
      return block.stringList(name, 'accepted');
    case 'integer':
      return readWhole(block, name);
    case 'bytes':
      return readBytes(block, name);
    case 'seconds':
      return readSeconds(block, name);
  }
}

/** A switch that is off asks for nothing, so there is nothing to explain or to refuse. */
function explain(block: HclBlock, name: string, key: KeyDeclaration, findings: Findings): void {
  const values = block.items(name).map(({ value }) => value);
  const isOff = values.every(
    (value) =>
      value.kind === 'null' ||
      (value.kind === 'boolean' && !value.value) ||
      (value.kind === 'string' && ['', 'false', 'default'].includes(value.value)),
  );
  if (isOff) return;
  if (key.refused) findings.problem(block, name, `cannot be honoured. ${key.description}`);
  else findings.warning(block, name, `has no effect. ${key.description}`);
}

function readText(block: HclBlock, name: string, key: KeyDeclaration): string | undefined {
  const text = block.string(name);
  if (text === undefined) return undefined;
  if (key.type === 'path' && (text === '' || text.includes('\0'))) throw wrong(block, name, 'must be a path');
  if (!key.allowed) return text;
  const word = text.toLowerCase();
  if (key.allowed.includes(word)) return word;
  throw wrong(block, name, `must be one of ${key.allowed.join(', ')}`, suggestion(text, key.allowed).trim());
}

function readWhole(block: HclBlock, name: string): number | undefined {
  const number = block.number(name);
  if (number === undefined) return undefined;
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw wrong(block, name, 'must be a whole number that is not negative');
}

function readSeconds(block: HclBlock, name: string): number | undefined {
  const scalar = block.scalar(name);
  if (scalar === undefined) return undefined;
  try {
    return parseWholeSeconds(scalar);
  } catch {
    throw wrong(
      block,
      name,
      'must be a duration',
      'Write seconds (3600) or a number with a unit: 90s, 1h30m.',
    );
  }
}

function readBytes(block: HclBlock, name: string): number | undefined {
  const scalar = block.scalar(name);
  if (scalar === undefined) return undefined;
  const bytes = parseBytes(scalar);
  if (bytes !== undefined) return bytes;
  throw wrong(block, name, 'must be a size', 'Write bytes (33554432) or a number with a unit: 32MiB, 64MB.');
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** A size in bytes: a number, or digits with B, KB, MB, GB, KiB, MiB or GiB; undefined for anything else. */
export function parseBytes(input: string | number): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(String(input).trim().toLowerCase()) ?? [];
  const factor = unitBytes[unit ?? '?'];
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function wrong(block: HclBlock, name: string, reason: string, hint = ''): HclError {
  const [item] = block.items(name);
  return block.error(`"${name}"${whereOf(block)} ${reason}`, item?.value.at, hint);
}
