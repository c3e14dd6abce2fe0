import { type Change, maxKeyBytes, maxValueBytes, StorageError } from '../contracts/storage.ts';

/**
 * What every storage checks before it looks at its medium, so that a key means the same everywhere: text
 * without two spellings (no lone surrogate, which UTF-8 cannot carry) and without NUL (which PostgreSQL
 * cannot carry). That also makes `key + '\0'` the immediate successor of `key`.
 */
export function checkKey(key: string): void {
  // A UTF-16 unit is at most three bytes, so only a long key has to be counted.
  const tooLong = key.length * 3 > maxKeyBytes && Buffer.byteLength(key) > maxKeyBytes;
  if (key.length === 0 || tooLong || key.includes('\0') || !key.isWellFormed()) {
    throw invalid(
      tooLong
        ? `a key of ${Buffer.byteLength(key)} bytes is longer than ${maxKeyBytes}`
        : 'a key is empty, holds a NUL or is not well-formed Unicode',
    );
  }
}

/** Checks all of a change, which names each key at most once among `put` and `remove`. */
export function checkChange(change: Change): void {
  const { expect = [], put = [], remove = [] } = change;
  for (const { key } of expect) checkKey(key);
  for (const [key, value] of put) {
    checkKey(key);
    if (value.length > maxValueBytes) {
      throw invalid(`a value of ${value.length} bytes is longer than ${maxValueBytes}`);
    }
  }
  for (const key of remove) checkKey(key);
  if (put.length + remove.length > 1) checkNamedOnce(put, remove);
}

function checkNamedOnce(put: NonNullable<Change['put']>, remove: readonly string[]): void {
  const seen = new Set(remove);
  for (const [key] of put) seen.add(key);
  if (seen.size !== put.length + remove.length) throw invalid('a change names a key twice');
}

/** Checks the arguments of `list`. */
export function checkPage(prefix: string, page: { after?: string; limit: number }): void {
  if (prefix !== '' && !prefix.endsWith('/')) throw invalid('a prefix is empty or ends in /');
  checkBound(prefix);
  checkBound(page.after ?? '');
  checkLimit(page.limit);
}

/** Checks the arguments of `scan`. Bounds need not be keys: `key + '\0'` continues after `key`. */
export function checkRange(from: string, to: string, limit: number): void {
  checkBound(from);
  checkBound(to);
  checkLimit(limit);
}

function checkBound(bound: string): void {
  if (!bound.isWellFormed()) throw invalid('a bound is not well-formed Unicode');
}

function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 0) throw invalid(`${limit} is no limit`);
}

function invalid(reason: string): StorageError {
  return new StorageError(
    'invalid',
    `storage: ${reason}`,
    'This is a defect of the caller; please report it.',
  );
}

/** Where a listing starts: the least key that can hold a name after `after` (as in `StorageBackend.list`). */
export function listStart(prefix: string, after: string | undefined): string {
  if (after === undefined || after === '') return prefix === '' ? '' : `${prefix}\0`;
  const slash = after.indexOf('/');
  return slash < 0 ? `${prefix}${after}\0` : pastFolder(prefix + after.slice(0, slash + 1));
}

/** The least string after every key in `folder`, which ends in `/`: `0` is the byte after `/`. */
export function pastFolder(folder: string): string {
  return `${folder.slice(0, -1)}0`;
}

/** The name of `key` directly below `prefix`: up to and with the first `/` after it. */
export function nameBelow(prefix: string, key: string): string {
  const slash = key.indexOf('/', prefix.length);
  return slash < 0 ? key.slice(prefix.length) : key.slice(prefix.length, slash + 1);
}

/**
 * Negative, zero or positive as `a` stands before, at or after `b` by UTF-8 bytes, which is the order of code
 * points. UTF-16 units differ from it in one place: surrogates (U+10000 and up) stand before U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
