import { CofferError } from '../../contracts/errors.ts';

/** As much as a storage key leaves for a path. */
const maxPathBytes = 2048;

/** Nothing to decode, no empty segment, no dot segment: the form in which nearly every path arrives. */
const plain =
  /^(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*\/)*(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)?$/;
const unsafeCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\\]/;
/** What would read as a separator, a dot or an end if anything downstream decoded once more. */
const encodedTwice = /%(?:2e|2f|5c|00)/i;
const encodedSeparator = /%(?:2f|5c|00)/i;

/**
 * The one form of a path that authorisation, routing, caches, storage and audit all see: decoded once,
 * Unicode NFC, no leading slash; a trailing slash is kept. Refuses what has two readings: empty and dot
 * segments, encoded separators, control characters, unnormalised or broken Unicode.
 */
export function canonicalPath(raw: string): string {
  if (raw.length <= maxPathBytes && plain.test(raw)) return raw;
  return canonicalSlow(raw);
}

function canonicalSlow(raw: string): string {
  if (encodedSeparator.test(raw)) throw refused('holds an encoded slash, backslash or NUL');
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    throw refused('is not valid percent-encoded UTF-8');
  }
  checkCanonical(path);
  return path;
}

/** Throws unless `path` is already in canonical form (for names that come in a body or a header). */
export function checkCanonical(path: string): void {
  if (unsafeCharacter.test(path)) throw refused('holds a control character or a backslash');
  if (encodedTwice.test(path)) throw refused('is encoded twice');
  if (!path.isWellFormed() || path.normalize('NFC') !== path) throw refused('is not in Unicode NFC form');
  if (Buffer.byteLength(path) > maxPathBytes) throw refused(`is longer than ${maxPathBytes} bytes`);
  const segments = path.split('/');
  for (const [index, segment] of segments.entries()) {
    if (segment === '' && index < segments.length - 1) throw refused('holds an empty segment');
    if (segment === '.' || segment === '..') throw refused('holds a dot segment');
    if (segment !== segment.trim()) throw refused('has white space at the edge of a segment');
  }
}

function refused(why: string): CofferError {
  return new CofferError('invalid-request', `the path ${why}`, {
    hint: 'Send each name in one form: decoded UTF-8 (NFC), single slashes, no "." or ".." segments.',
  });
}
