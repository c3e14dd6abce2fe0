/** Overwrites bytes that held a secret. Best effort: the runtime may have copied them while they lived. */
export function wipe(...buffers: readonly (Uint8Array | undefined)[]): void {
  for (const buffer of buffers) buffer?.fill(0);
}
