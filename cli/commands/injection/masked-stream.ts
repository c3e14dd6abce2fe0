import { Transform, type TransformCallback } from 'node:stream';

const redacted = Buffer.from('[redacted]');
/** Shorter values would hide half of what a program says. */
const shortestHidden = 4;

/**
 * Passes bytes on with every occurrence of a value, or of one of its lines, replaced by `[redacted]`. What could be
 * the beginning of a value is held back until the next bytes, or the end, show what it is.
 */
export class MaskedStream extends Transform {
  readonly #values: readonly Buffer[];
  #held = Buffer.alloc(0);

  constructor(values: Iterable<string>) {
    super();
    const parts = [...values].flatMap((value) => [value, ...value.split(/\r?\n/)]);
    const hidden = [...new Set(parts)].filter((part) => Buffer.byteLength(part) >= shortestHidden);
    // The longest first, so that a value within another leaves nothing of the longer one.
    this.#values = hidden.map((part) => Buffer.from(part)).sort((a, b) => b.length - a.length);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    this.#pass(false);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#pass(true);
    done();
  }

  #pass(atEnd: boolean): void {
    const bytes = this.#held;
    const out: Buffer[] = [];
    let at = 0;
    let from = 0;
    while (at < bytes.length) {
      if (!atEnd && this.#mayBegin(bytes, at)) break;
      const found = this.#values.find(
        (value) => bytes.compare(value, 0, value.length, at, Math.min(at + value.length, bytes.length)) === 0,
      );
      if (!found) {
        at++;
        continue;
      }
      out.push(bytes.subarray(from, at), redacted);
      at += found.length;
      from = at;
    }
    out.push(bytes.subarray(from, at));
    this.#held = Buffer.from(bytes.subarray(at));
    const ready = Buffer.concat(out);
    if (ready.length > 0) this.push(ready);
  }

  /** Whether all that is left from `at` on is the beginning of a value. */
  #mayBegin(bytes: Buffer, at: number): boolean {
    const left = bytes.length - at;
    return this.#values.some((value) => value.length > left && bytes.compare(value, 0, left, at) === 0);
  }
}
