import { suggest } from '../nearest-word/index.ts';
import { parseHcl } from './parse-hcl.ts';
import type { HclItem, HclKey, HclObject, HclOptions, HclPosition, HclValue } from './syntax.ts';
import { HclError } from './syntax.ts';

const described: Readonly<Record<HclValue['kind'], string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
  list: 'a list',
  object: 'a block',
};

/** `parseHcl`, ready to be read. */
export function readHcl(text: string, options: HclOptions = {}): HclBlock {
  const { file, body } = parseHcl(text, options);
  return new HclBlock(file, '', [], body, body.at);
}

/**
 * One block of a text: the whole of it, or what stands in braces. Getters return undefined for a key that is
 * not there (or null in JSON), and throw an `HclError` naming file, line and key for a value of the wrong
 * kind or a key set twice. What was asked for is remembered, so that `refuseUnread` finds the rest.
 */
export class HclBlock {
  readonly file: string | undefined;
  /** The key it stands under; empty for the whole text. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly body: HclObject;
  readonly at: HclPosition;
  readonly #asked = new Set<string>();

  constructor(
    file: string | undefined,
    name: string,
    labels: readonly string[],
    body: HclObject,
    at: HclPosition,
  ) {
    this.file = file;
    this.name = name;
    this.labels = labels;
    this.body = body;
    this.at = at;
  }

  /** Every key once, where it first stands. */
  keys(): HclKey[] {
    const first = new Map<string, HclKey>();
    for (const { key } of this.body.items) if (!first.has(key.text)) first.set(key.text, key);
    return [...first.values()];
  }

  /** The items of one key, in order. */
  items(name: string): readonly HclItem[] {
    this.#asked.add(name);
    return this.body.items.filter((item) => item.key.text === name);
  }

  value(name: string): HclValue | undefined {
    const [item, second] = this.items(name);
    if (second) throw this.error(`"${name}" is set twice`, second.key.at, 'Keep one of them.');
    if (!item || item.value.kind === 'null') return undefined;
    if (item.labels.length > 0) throw this.error(`"${name}" takes no label`, item.key.at);
    return item.value;
  }

  /** A number counts as the text it was written as, as in Vault. */
  string(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value.kind === 'string') return value.value;
    if (value.kind === 'number') return value.text;
    throw this.wrongKind(name, value, 'a string');
  }

  number(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value.kind === 'number') return value.value;
    if (value.kind === 'string' && /^-?\d+(\.\d+)?$/.test(value.value)) return Number(value.value);
    throw this.wrongKind(name, value, 'a number');
  }

  /** As Go's ParseBool: `true`, `"true"`, `1`, `"1"`, `"t"` and their opposites. */
  boolean(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value.kind === 'boolean') return value.value;
    const word = value.kind === 'number' ? value.text : value.kind === 'string' ? value.value : '';
    if (/^(1|t|T|true|True|TRUE)$/.test(word)) return true;
    if (/^(0|f|F|false|False|FALSE)$/.test(word)) return false;
    throw this.wrongKind(name, value, 'true or false');
  }

  /** For words that may be a number or a string, such as durations and sizes. */
  scalar(name: string): string | number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value.kind === 'string' || value.kind === 'number') return value.value;
    throw this.wrongKind(name, value, 'a number or a string');
  }

  /** A list of strings; with `single: 'accepted'` also one string, whose parts are separated by commas. */
  stringList(name: string, single: 'refused' | 'accepted' = 'refused'): string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value.kind === 'string' && single === 'accepted') {
      return value.value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    }
    if (value.kind !== 'list') throw this.wrongKind(name, value, 'a list of strings');
    return value.items.map((item) => {
      if (item.kind === 'string') return item.value;
      throw this.wrongKind(name, item, 'a list of strings');
    });
  }

  /**
   * The blocks of one key, each with exactly `labels` labels. In JSON, and where HCL writes `name = { … }`,
   * labels are keys around the block, and a list of objects is several blocks. With `optional`, a block
   * without its labels is returned as it is (its body then says what the label would have).
   */
  blocks(name: string, labels = 0, optional = false): HclBlock[] {
    const found: HclBlock[] = [];
    for (const item of this.items(name)) {
      if (item.labels.length > labels) throw this.error(`"${name}" has too many labels`, item.key.at);
      const given = item.labels.map((label) => label.text);
      this.#expand(name, given, labels, optional, item.value, item.key.at, found);
    }
    return found;
  }

  /** The only block of one key; a second one is an error. */
  block(name: string, labels = 0, optional = false): HclBlock | undefined {
    const [block, second] = this.blocks(name, labels, optional);
    if (second) throw this.error(`"${name}" is there twice`, second.at, 'Keep one of them.');
    return block;
  }

  #expand(
    name: string,
    given: readonly string[],
    labels: number,
    optional: boolean,
    value: HclValue,
    at: HclPosition,
    found: HclBlock[],
  ): void {
    if (value.kind === 'null') return;
    if (value.kind === 'list') {
      for (const item of value.items) this.#expand(name, given, labels, optional, item, item.at, found);
      return;
    }
    if (value.kind !== 'object') throw this.wrongKind(name, value, 'a block');
    const isWhole = given.length === labels || (optional && !holdsOnlyBlocks(value));
    if (isWhole) {
      found.push(new HclBlock(this.file, name, given, value, at));
      return;
    }
    for (const { key, labels: more, value: inner } of value.items) {
      const all = [...given, key.text, ...more.map((label) => label.text)];
      if (all.length > labels) throw this.error(`"${name}" has too many labels`, key.at);
      this.#expand(name, all, labels, optional, inner, key.at, found);
    }
  }

  /** The block as plain values: keys set once hold their value, repeated ones a list of them; labels nest. */
  plain(): Record<string, unknown> {
    return plainObject(this.body);
  }

  /** Throws for the first key that is not in `known`, suggesting one that is spelt alike. */
  refuseUnknown(known: readonly string[]): void {
    const key = this.keys().find(({ text }) => !known.includes(text));
    if (!key) return;
    const nearest = suggest(key.text, known);
    const hint = nearest === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean "${nearest}"?`;
    throw this.error(`invalid key "${key.text}"${this.#where()}`, key.at, hint);
  }

  /** `refuseUnknown`, where known is every key that was asked for. */
  refuseUnread(): void {
    this.refuseUnknown([...this.#asked]);
  }

  /** Keys nobody asked for. */
  unread(): HclKey[] {
    return this.keys().filter(({ text }) => !this.#asked.has(text));
  }

  error(reason: string, at: HclPosition = this.at, hint = ''): HclError {
    return new HclError(this.file, at, reason, hint);
  }

  wrongKind(name: string, value: HclValue, wanted: string): HclError {
    return this.error(`"${name}"${this.#where()} must be ${wanted}, not ${described[value.kind]}`, value.at);
  }

  #where(): string {
    if (this.name === '') return '';
    return ` in ${[this.name, ...this.labels.map((label) => `"${label}"`)].join(' ')}`;
  }
}

function holdsOnlyBlocks(object: HclObject): boolean {
  return object.items.length > 0 && object.items.every(({ value }) => isBlocks(value));
}

function isBlocks(value: HclValue): boolean {
  return (
    value.kind === 'object' || (value.kind === 'list' && value.items.every(({ kind }) => kind === 'object'))
  );
}

function plainObject(object: HclObject): Record<string, unknown> {
  const values = new Map<string, unknown[]>();
  for (const { key, labels, value } of object.items) {
    const nested = labels.reduceRight<unknown>(
      (inner, label) => Object.fromEntries([[label.text, inner]]),
      plainValue(value),
    );
    const before = values.get(key.text);
    if (before) before.push(nested);
    else values.set(key.text, [nested]);
  }
  return Object.fromEntries([...values].map(([key, all]) => [key, all.length === 1 ? all[0] : all]));
}

function plainValue(value: HclValue): unknown {
  if (value.kind === 'object') return plainObject(value);
  if (value.kind === 'list') return value.items.map(plainValue);
  return value.kind === 'null' ? null : value.value;
}
