import { rejects } from 'node:assert/strict';
import { it } from 'node:test';
import { type StorageBackend, StorageError } from '../storage.ts';

/** A fresh, empty storage, and ways to look at the same data again. */
export interface OpenedStorage {
  readonly backend: StorageBackend;
  /** The same data after the handles before were closed; left out by a storage that forgets. */
  reopen?(): Promise<StorageBackend>;
  /** One more handle on the same data, as another process has it; left out where only one is possible. */
  openAnother?(): Promise<StorageBackend>;
  /** Closes every handle and removes the data. */
  dispose(): Promise<void>;
}

export type OpenStorage = () => Promise<OpenedStorage>;

/** `it` with a fresh storage, which is disposed of afterwards; `check` returns a reason when it does not apply. */
export type StorageTest = (
  name: string,
  check: (storage: StorageBackend, opened: OpenedStorage) => Promise<string | undefined | undefined>,
) => void;

export function testingWith(open: OpenStorage): StorageTest {
  return (name, check) => {
    it(name, async (t) => {
      const opened = await open();
      try {
        const skipped = await check(opened.backend, opened);
        if (skipped) t.skip(skipped);
      } finally {
        await opened.dispose();
      }
    });
  };
}

export const some = bytes('some value, longer than a tag: 1');
export const other = bytes('another value, longer than a tag: 2');

/** In the order of their UTF-8 bytes. By UTF-16 units, those from U+E000 on would stand after the last. */
// biome-ignore format: a table
export const oddKeys = [
  ' ', ' a', '!', '"quoted"', '%', '%2F', '%_', "'", "';DROP TABLE entry;--", '*', '..', '/', '//', '/a', '0', '?', 'A', '[a-z]',
  '\\', '_', 'a', 'a ', 'a!', 'a.', 'a/', 'a/\t', 'a//', 'a//b', 'a/b', 'a0', 'aa', 'e\u0301', 'z\u007f', '\u00a0', '\u00e9',
  '\u212b', '\uac00', '\ue000', '\uffff', '\u{10000}', '\u{1f511}/\u{1f512}', '\u{10ffff}',
];

export function isUnavailable(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'unavailable' && error.hint !== '';
}

export async function refused(call: Promise<unknown>): Promise<void> {
  await rejects(call, (error) => error instanceof StorageError && error.kind === 'invalid');
}

export async function texts(
  storage: StorageBackend,
  keys: readonly string[],
): Promise<(string | undefined)[]> {
  return (await storage.read(keys)).map(text);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString();
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
