const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 base32 without padding, as otpauth URLs carry it. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; ) {
      bits -= 5;
      text += alphabet[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/**
 * RFC 4648 base32 in any case, padded to its full length or not at all. A number when it is none: the place of the
 * first character that does not belong there.
 */
export function decodeBase32(text: string): Uint8Array | number {
  const bare = text.replace(/=+$/, '');
  if (bare !== text && text.length % 8 !== 0) return bare.length;
  const bytes = new Uint8Array(Math.floor((bare.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let next = 0;
  for (let at = 0; at < bare.length; at++) {
    const value = alphabet.indexOf(bare.charAt(at).toUpperCase());
    if (value < 0) return at;
    held = ((held & 0xff) << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[next++] = (held >>> bits) & 0xff;
  }
  // One, three or six characters over do not make whole bytes.
  return [1, 3, 6].includes(bare.length % 8) ? bare.length : bytes;
}
