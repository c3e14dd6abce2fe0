import { invalidRequest } from '../../contracts/errors.ts';

/** A token's labels are read with it at every request and stand in every audit line. Far above what people write. */
const mostNameBytes = 512;
const mostPairs = 64;
const mostKeyBytes = 128;
const mostValueBytes = 4096;
const mostMetaBytes = 16_384;

/** Throws 'invalid-request' with the field's name; never says what was given. */
export function checkLabels(displayName: string, meta: Readonly<Record<string, string>> | undefined): void {
  if (Buffer.byteLength(displayName) > mostNameBytes)
    throw invalidRequest(`display_name is longer than ${mostNameBytes} bytes`);
  const pairs = Object.entries(meta ?? {});
  if (pairs.length > mostPairs) throw invalidRequest(`meta has more than ${mostPairs} keys`);
  let total = 0;
  for (const [key, value] of pairs) {
    const [keyBytes, valueBytes] = [Buffer.byteLength(key), Buffer.byteLength(value)];
    total += keyBytes + valueBytes;
    if (keyBytes > mostKeyBytes) throw invalidRequest(`meta has a key longer than ${mostKeyBytes} bytes`);
    if (valueBytes > mostValueBytes)
      throw invalidRequest(`meta has a value longer than ${mostValueBytes} bytes`);
  }
  if (total > mostMetaBytes) throw invalidRequest(`meta is larger than ${mostMetaBytes} bytes`);
}
