import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
} from 'yaml';
import { suggestion } from '../../../../formats/nearest-word/index.ts';
import { Failure } from '../../../failure.ts';

interface Source {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** One value of a YAML file, with its line and the keys that lead to it. What it refuses, it names by these and never by the value. */
export class SpecField {
  /** Such as `env[2].valueFrom`; '' for the whole document. */
  readonly name: string;
  readonly #source: Source;
  readonly #node: unknown;
  readonly #line: number;

  private constructor(source: Source, name: string, node: unknown, line: number) {
    this.#source = source;
    this.name = name;
    this.#node = isAlias(node) ? resolved(node, source) : node;
    this.#line = line;
  }

  /** The documents of a file, without those that hold nothing. Throws `Failure` with the line where it is no YAML. */
  static documentsOf(file: string, text: string): SpecField[] {
    const lines = new LineCounter();
    const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    if (!Array.isArray(documents)) return [];
    return documents.flatMap((document) => {
      const [error] = document.errors;
      if (error !== undefined)
        throw new Failure(
          1,
          `${file}:${lines.linePos(error.pos[0]).line}: this is not YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}`,
        );
      const root = document.contents;
      if (root === null || (isScalar(root) && root.value === null)) return [];
      return [new SpecField({ file, document, lines }, '', root, lines.linePos(root.range[0]).line)];
    });
  }

  /** Where it stands, to begin a message with: `deployment.yaml:7: env[2].valueFrom`. */
  get place(): string {
    return `${this.#source.file}:${this.#line}: ${this.name === '' ? 'the document' : this.name}`;
  }

  refusal(message: string, hint?: string): Failure {
    return new Failure(1, `${this.place} ${message}`, hint);
  }

  /**
   * The fields of a mapping. A key that is neither in `known` nor in `passedOver` is refused; what is passed over is
   * not in the answer, and neither is what is null.
   */
  fields<Known extends string>(
    known: readonly Known[],
    passedOver: readonly string[] | 'others' = [],
  ): Partial<Record<Known, SpecField>> {
    if (!isMap(this.#node)) throw this.refusal('is not a mapping of keys');
    const found: Partial<Record<Known, SpecField>> = {};
    for (const { key, value } of this.#node.items) {
      const name = isScalar(key) ? String(key.value) : '?';
      const field = this.#child(this.name === '' ? name : `${this.name}.${name}`, value, key);
      const matching = known.find((one) => one === name);
      if (matching !== undefined) {
        if (!field.isNull) found[matching] = field;
      } else if (passedOver !== 'others' && !passedOver.includes(name)) {
        throw field.refusal(
          `is not a key that is known there.${suggestion(name, [...known, ...passedOver])}`,
          `Known: ${known.join(', ')}.`,
        );
      }
    }
    return found;
  }

  /** The key that is there, of a mapping that has exactly one of them. */
  onlyKey(): string {
    const keys = isMap(this.#node) ? this.#node.items.map(({ key }) => String(key)) : [];
    return keys.length === 1 ? (keys[0] ?? '') : '';
  }

  required<Known extends string>(fields: Partial<Record<Known, SpecField>>, key: Known): SpecField {
    const field = fields[key];
    if (field === undefined) throw this.refusal(`needs ${key}`);
    return field;
  }

  /** The entries of a list. */
  entries(): SpecField[] {
    if (!isSeq(this.#node)) throw this.refusal('is not a list');
    return this.#node.items.map((item, at) => this.#child(`${this.name}[${at}]`, item, item));
  }

  text(): string {
    const value = this.#scalar();
    if (typeof value === 'string') return value;
    const isOther = typeof value === 'number' || typeof value === 'boolean';
    throw this.refusal(
      `is ${isOther ? `a ${typeof value}, and not a text` : 'not a text'}`,
      isOther ? 'Put it in quotes.' : undefined,
    );
  }

  texts(): string[] {
    return this.entries().map((entry) => entry.text());
  }

  /** A text that holds something and no control characters. */
  word(): string {
    const text = this.text();
    if (text === '') throw this.refusal('is empty');
    if (/[\x00-\x1f\x7f]/.test(text)) throw this.refusal('holds control characters');
    return text;
  }

  flag(): boolean {
    const value = this.#scalar();
    if (typeof value !== 'boolean') throw this.refusal('is neither true nor false');
    return value;
  }

  /** Permissions: octal with a leading zero, as Kubernetes reads YAML, or else decimal. */
  fileMode(): number {
    const source =
      isScalar(this.#node) && typeof this.#node.value === 'number' ? (this.#node.source ?? '') : '';
    const mode = /^0o?[0-7]{1,4}$/.test(source)
      ? Number.parseInt(source.replace('o', ''), 8)
      : /^[1-9][0-9]{0,3}$/.test(source)
        ? Number(source)
        : Number.NaN;
    if (!(mode <= 0o777)) throw this.refusal('is no file mode', 'Such as 0400, or 256 in decimal.');
    return mode;
  }

  get isNull(): boolean {
    return (
      this.#node === null || this.#node === undefined || (isScalar(this.#node) && this.#node.value === null)
    );
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }

  #child(name: string, node: unknown, marker: unknown): SpecField {
    const start = startOf(marker) ?? startOf(node);
    const line = start === undefined ? this.#line : this.#source.lines.linePos(start).line;
    return new SpecField(this.#source, name, node, line);
  }
}

function resolved(alias: Alias, source: Source): unknown {
  return alias.resolve(source.document);
}

function startOf(node: unknown): number | undefined {
  const range = isParsed(node) ? node.range : undefined;
  return range?.[0];
}

function isParsed(node: unknown): node is ParsedNode {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
