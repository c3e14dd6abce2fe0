/** Thrown for anything that is not a duration. The message never repeats the input, which may be a misplaced secret. */
export class DurationError extends Error {
  readonly hint = 'Write seconds (3600) or a number with a unit: 90s, 30m, 1.5h, 50d, 1h30m.';
  constructor(message: string) {
    super(message);
    this.name = 'DurationError';
  }
}

/** The largest whole number of seconds that Go's 64-bit nanoseconds hold, about 292 years. */
export const longestDurationSeconds = 9_223_372_036;

const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const second = 1_000_000_000n;
const longestTextLength = 128;

/**
 * Reads a duration as Vault does: a number or numeric string is seconds; otherwise Go's form (`1h30m`,
 * `1.5h`, `0s0ns`) with `d` besides. `undefined`, `null` and `''` are 0, as in Vault. Months and weeks do not exist.
 *
 * Returns seconds, perhaps with a fraction; always finite, never -0, at most `longestDurationSeconds`.
 * Throws `DurationError`, for negative values too unless `allowNegative` is set.
 */
export function parseDurationSeconds(input: unknown, options?: { readonly allowNegative?: boolean }): number {
  const seconds = readSeconds(input);
  if (Math.abs(seconds) > longestDurationSeconds) throw new DurationError('the duration is too long');
  if (seconds < 0 && !options?.allowNegative) throw new DurationError('a duration cannot be negative here');
  return seconds + 0;
}

/** As `parseDurationSeconds`, in whole seconds: a fraction is cut off, as in Vault's duration fields. */
export function parseWholeSeconds(input: unknown, options?: { readonly allowNegative?: boolean }): number {
  return Math.trunc(parseDurationSeconds(input, options)) + 0;
}

function readSeconds(input: unknown): number {
  if (input === undefined || input === null || input === '') return 0;
  if (typeof input === 'number') {
    if (!Number.isFinite(input)) throw new DurationError('a duration must be a finite number');
    return input;
  }
  if (typeof input === 'bigint') return Number(input);
  if (typeof input === 'string') return readText(input);
  // A number that formats/json kept as it was written.
  if (JSON.isRawJSON(input)) return readText(input.rawJSON);
  throw new DurationError('a duration must be a number or a string');
}

function readText(text: string): number {
  if (text.length > longestTextLength) throw new DurationError('the duration is too long to read');
  if (/^[-+]?\d+(\.\d+)?$/.test(text)) return Number(text);
  return toSeconds(readNanoseconds(text));
}

const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h|d)/y;

function readNanoseconds(text: string): bigint {
  const negative = text.startsWith('-');
  let at = negative || text.startsWith('+') ? 1 : 0;
  if (at === text.length) throw new DurationError('not a duration');
  let total = 0n;
  while (at < text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (!match) throw new DurationError('not a duration');
    const [all, whole = '', fraction = '', unit = ''] = match;
    const size = nanosecondsPer[unit];
    if (size === undefined || (whole === '' && fraction === '')) throw new DurationError('not a duration');
    total += BigInt(whole || '0') * size;
    if (fraction) total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
    at += all.length;
  }
  return negative ? -total : total;
}

/** Exact for every whole number of seconds, however many nanoseconds that is. */
function toSeconds(nanoseconds: bigint): number {
  return Number(nanoseconds / second) + Number(nanoseconds % second) / 1e9;
}

/** As Go prints a duration: `0s`, `1.5s`, `250ms`, `30m0s`, `768h0m0s`. A value that is not finite prints as `0s`. */
export function formatGoDuration(seconds: number): string {
  const { negative, whole, nanoseconds } = split(seconds);
  if (whole === 0 && nanoseconds === 0) return '0s';
  return (negative ? '-' : '') + (whole === 0 ? belowOneSecond(nanoseconds) : clockParts(whole, nanoseconds));
}

/** As Vault's command line prints a duration: Go's form without zero parts at the end (`768h`, `1h30m`, `1h5s`). */
export function formatShortDuration(seconds: number): string {
  const text = formatGoDuration(seconds).replace(/m0s$/, 'm');
  return text.replace(/h0m/, 'h');
}

function split(seconds: number): { negative: boolean; whole: number; nanoseconds: number } {
  if (!Number.isFinite(seconds)) return { negative: false, whole: 0, nanoseconds: 0 };
  const size = Math.min(Math.abs(seconds), longestDurationSeconds);
  const whole = Math.floor(size);
  const nanoseconds = Math.round((size - whole) * 1e9);
  if (nanoseconds === 1e9) return { negative: seconds < 0, whole: whole + 1, nanoseconds: 0 };
  return { negative: seconds < 0, whole, nanoseconds };
}

function belowOneSecond(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  return `${nanoseconds / 1e6}ms`;
}

function clockParts(whole: number, nanoseconds: number): string {
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  const rest = `${whole % 60}${fraction}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
