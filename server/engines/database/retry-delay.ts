const firstMs = 5_000;
const longestMs = 15 * 60_000;

/** After so many failures in a row. */
export function retryDelayMs(attempts: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempts - 1, 16), longestMs);
}
