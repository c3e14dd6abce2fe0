/** Both from 1; columns count UTF-16 units. */
export interface HclPosition {
  readonly line: number;
  readonly column: number;
}

/** Where a node stands: its first character, and its extent in the text as offsets. */
interface HclNode {
  readonly at: HclPosition;
  readonly start: number;
  readonly end: number;
}

export type HclValue = HclString | HclNumber | HclBoolean | HclNull | HclList | HclObject;

export interface HclString extends HclNode {
  readonly kind: 'string';
  /** Escapes resolved; `${…}` kept literally. */
  readonly value: string;
}

export interface HclNumber extends HclNode {
  readonly kind: 'number';
  /** Always finite; `text` has what was written. */
  readonly value: number;
  readonly text: string;
}

export interface HclBoolean extends HclNode {
  readonly kind: 'boolean';
  readonly value: boolean;
}

/** Only in JSON text; readers take it as absent. */
export interface HclNull extends HclNode {
  readonly kind: 'null';
}

export interface HclList extends HclNode {
  readonly kind: 'list';
  readonly items: readonly HclValue[];
}

export interface HclObject extends HclNode {
  readonly kind: 'object';
  readonly items: readonly HclItem[];
}

/** `key = value`, or `key "label" { … }`, where `value` is the object. JSON text has only the first form. */
export interface HclItem {
  readonly key: HclKey;
  readonly labels: readonly HclKey[];
  readonly value: HclValue;
  readonly assigned: boolean;
}

export interface HclKey extends HclNode {
  readonly text: string;
}

export interface HclDocument {
  readonly file: string | undefined;
  readonly form: 'hcl' | 'json';
  readonly body: HclObject;
}

export interface HclOptions {
  /** Named in errors; nothing is read from it. */
  readonly file?: string;
  readonly maxDepth?: number;
  /** In UTF-16 units. */
  readonly maxLength?: number;
}

export const defaultMaxDepth = 64;
export const defaultMaxLength = 8 * 1024 * 1024;

/**
 * What is wrong with a text, and where. `message` has the place in it (`FILE:3:7: …` or `At 3:7: …`), `reason`
 * is without. Keys are named, values never: they may be secrets.
 */
export class HclError extends Error {
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  readonly hint: string;
  constructor(file: string | undefined, at: HclPosition, reason: string, hint = '') {
    const place = file === undefined ? `At ${at.line}:${at.column}` : `${file}:${at.line}:${at.column}`;
    super(`${place}: ${reason}`);
    this.name = 'HclError';
    this.file = file;
    this.line = at.line;
    this.column = at.column;
    this.reason = reason;
    this.hint = hint;
  }
}

/** A text with the means to say where an offset of it is. */
export class HclSource {
  readonly text: string;
  readonly file: string | undefined;
  readonly #lineStarts: number[] = [0];

  constructor(text: string, options: HclOptions) {
    this.text = text;
    this.file = options.file;
    if (text.length > (options.maxLength ?? defaultMaxLength)) throw this.error(0, 'the text is too long');
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1))
      this.#lineStarts.push(at + 1);
  }

  at(offset: number): HclPosition {
    const line = this.line(offset);
    return { line, column: offset - (this.#lineStarts[line - 1] ?? 0) + 1 };
  }

  line(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  error(offset: number, reason: string, hint?: string): HclError {
    return new HclError(this.file, this.at(offset), reason, hint);
  }
}
