import type { Change } from '../../contracts/storage.ts';

/**
 * A group of changes as the writer thread gets them: one block of bytes whose ownership is transferred. Packing
 * copies, so a caller may reuse its buffers as soon as `commit` has returned its promise.
 *
 * Per change: the number of expectations, puts and removals; then, for each expectation, the key's length, the
 * tag's length + 1 (0: no such key), key, tag; for each put, both lengths, key, value; for each removal, length,
 * key. Numbers are 32 bits, little-endian, aligned to nothing; keys are UTF-8.
 */
export interface PackedChanges {
  readonly bytes: ArrayBuffer;
  readonly count: number;
}

const initialBytes = 64 * 1024;
/** A larger block is not worth keeping for the next group. */
const maxReusedBytes = 1024 * 1024;

export class ChangePacker {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;
  #count = 0;

  /** `spare` is a block that an earlier group is done with. */
  constructor(spare?: ArrayBuffer) {
    const reused = spare !== undefined && spare.byteLength <= maxReusedBytes ? spare : undefined;
    this.#bytes = Buffer.from(reused ?? new ArrayBuffer(initialBytes));
  }

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  /** Adds all of `change` or, when it throws, nothing. */
  add(change: Change): void {
    const { expect = [], put = [], remove = [] } = change;
    this.#reserve(upperBound(expect, put, remove));
    const start = this.#length;
    try {
      this.#number(expect.length);
      this.#number(put.length);
      this.#number(remove.length);
      for (const { key, tag } of expect) this.#entry(key, tag === undefined ? 0 : tag.length + 1, tag);
      for (const [key, value] of put) this.#entry(key, value.length, value);
      for (const key of remove) this.#key(key);
    } catch (error) {
      this.#length = start;
      throw error;
    }
    this.#count += 1;
  }

  finish(): PackedChanges {
    return { bytes: this.#bytes.buffer, count: this.#count };
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(2 * this.#length, this.#length + more)));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  #number(value: number): void {
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  #key(key: string): void {
    const written = this.#bytes.write(key, this.#length + 4);
    this.#number(written);
    this.#length += written;
  }

  /** Key length, second number, key, bytes. */
  #entry(key: string, second: number, bytes: Uint8Array | undefined): void {
    const written = this.#bytes.write(key, this.#length + 8);
    this.#number(written);
    this.#number(second);
    this.#length += written;
    if (bytes === undefined) return;
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

function upperBound(
  expect: NonNullable<Change['expect']>,
  put: NonNullable<Change['put']>,
  remove: NonNullable<Change['remove']>,
): number {
  let bound = 12;
  for (const { key, tag } of expect) bound += 8 + 3 * key.length + (tag?.length ?? 0);
  for (const [key, value] of put) bound += 8 + 3 * key.length + value.length;
  for (const key of remove) bound += 4 + 3 * key.length;
  return bound;
}

/** The changes of a group; tags and values are views of its bytes. */
export function unpackChanges(packed: PackedChanges): Required<Change>[] {
  const bytes = Buffer.from(packed.bytes);
  let at = 0;
  const number = () => {
    const value = bytes.readUInt32LE(at);
    at += 4;
    return value;
  };
  const text = (length: number) => {
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const view = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return Array.from({ length: packed.count }, () => {
    const counts = { expect: number(), put: number(), remove: number() };
    const expect = Array.from({ length: counts.expect }, () => {
      const [keyLength, tagLength] = [number(), number()];
      const key = text(keyLength);
      return { key, tag: tagLength === 0 ? undefined : view(tagLength - 1) };
    });
    const put = Array.from({ length: counts.put }, (): [string, Uint8Array] => {
      const [keyLength, valueLength] = [number(), number()];
      return [text(keyLength), view(valueLength)];
    });
    const remove = Array.from({ length: counts.remove }, () => text(number()));
    return { expect, put, remove };
  });
}
