import { DurationError, parseWholeSeconds } from '../../../formats/duration/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** How often a secret shall get a new value; seconds. What rotates it reads this, and lists show when it is due. */
export interface RotationPolicy {
  readonly enabled: boolean;
  readonly period: number;
  readonly notify_before: number;
}

/** Reads what a client sent: `{ enabled, period: "30d", notify_before: "7d" }`. */
export function readRotationPolicy(given: JsonObject): RotationPolicy {
  const {
    enabled = true,
    period,
    notify_before = given['notifyBefore'] ?? 0,
    notifyBefore: _same,
    ...rest
  } = given;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalidRequest('a rotation policy has enabled, period and notify_before');
  if (typeof enabled !== 'boolean') throw invalidRequest('enabled of a rotation policy is true or false');
  const policy = { enabled, period: seconds(period), notify_before: seconds(notify_before) };
  if (policy.period < 60) throw invalidRequest('the period of a rotation policy is at least a minute');
  if (policy.notify_before >= policy.period)
    throw invalidRequest('notify_before of a rotation policy is shorter than its period');
  return policy;
}

/** As it is kept in custom metadata; undefined for what is no policy. */
export function storedRotationPolicy(text: string | undefined): RotationPolicy | undefined {
  if (text === undefined) return undefined;
  try {
    return readRotationPolicy(JSON.parse(text) as JsonObject);
  } catch {
    return undefined;
  }
}

function seconds(value: unknown): number {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw invalidRequest('a rotation policy has a period such as 30d');
  try {
    return parseWholeSeconds(String(value));
  } catch (error) {
    if (error instanceof DurationError) throw invalidRequest(`rotation policy: ${error.message}`);
    throw error;
  }
}
