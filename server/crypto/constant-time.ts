import { hash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are the same bytes, in a time that depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether two secret texts are the same. Compares digests, so that not even the length of the secret shows. */
export function equalText(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer')) && a.length === b.length;
}
