import { createHmac } from 'node:crypto';
import { equalText } from './constant-time.ts';

/** How codes are made of a key. */
export interface CodeForm {
  readonly algorithm: CodeAlgorithm;
  readonly digits: 6 | 8;
}

export type CodeAlgorithm = 'SHA1' | 'SHA256' | 'SHA512';

/** How codes are made of a key and the time. */
export interface TimedCodeForm extends CodeForm {
  readonly periodSeconds: number;
  /** Steps before and after the present one whose codes are taken too, for clocks that differ. */
  readonly skew: number;
}

/**
 * What becomes of a code. `usedSteps` are to be remembered in place of those before: the steps that the code is of, and
 * what was used earlier as far as it can still matter.
 */
export type CodeVerdict =
  | { readonly outcome: 'accepted'; readonly usedSteps: readonly number[] }
  | { readonly outcome: 'wrong' | 'used' };

export const codeAlgorithms: readonly CodeAlgorithm[] = ['SHA1', 'SHA256', 'SHA512'];
const digestNames = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const;

/** The one-time password of RFC 4226 for a counter, as RFC 6238 extends it to other digests. */
export function counterCode(key: Uint8Array, counter: number, { algorithm, digits }: CodeForm): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac(digestNames[algorithm], key).update(message).digest();
  // RFC 4226, section 5.3: dynamic truncation.
  const offset = digest.readUInt8(digest.length - 1) & 0x0f;
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** The time step that `timeMs` falls into, counted from the Unix epoch (RFC 6238, section 4.2). */
export function timeStep(timeMs: number, periodSeconds: number): number {
  return Math.floor(timeMs / 1000 / periodSeconds);
}

/** The code of the present step. */
export function timedCode(key: Uint8Array, timeMs: number, form: TimedCodeForm): string {
  return counterCode(key, timeStep(timeMs, form.periodSeconds), form);
}

/**
 * Whether `code` may be taken now. RFC 6238, section 5.2: a code that was taken once is not taken again, nor is one
 * that two steps happen to share. Digits only: no spaces, no other numerals.
 */
export function judgeCode(
  key: Uint8Array,
  code: string,
  timeMs: number,
  form: TimedCodeForm,
  usedSteps: readonly number[],
): CodeVerdict {
  const now = timeStep(timeMs, form.periodSeconds);
  const matching: number[] = [];
  const first = Math.max(0, now - form.skew);
  for (let step = first; step <= now + form.skew; step++)
    if (equalText(counterCode(key, step, form), code)) matching.push(step);
  if (matching.length === 0) return { outcome: 'wrong' };
  if (matching.some((step) => usedSteps.includes(step))) return { outcome: 'used' };
  // A clock that is set back makes old steps present again, so some are kept beyond their time.
  const remembered = usedSteps.filter((step) => step >= now - form.skew - rememberedSteps);
  return { outcome: 'accepted', usedSteps: [...remembered, ...matching] };
}

const rememberedSteps = 20;

/** Seconds, at least 1, until there is a code that nobody can have used yet. */
export function secondsToNextStep(timeMs: number, periodSeconds: number): number {
  return periodSeconds - (Math.floor(timeMs / 1000) % periodSeconds);
}
