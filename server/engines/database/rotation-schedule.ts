import { invalidRequest } from '../../contracts/errors.ts';
import type { StaticRoleRecord } from './static-role-record.ts';

type Timing = Pick<StaticRoleRecord, 'rotationPeriodSeconds' | 'rotationSchedule' | 'rotationWindowSeconds'>;

/** Throws 'invalid-request' for what is not five fields of cron, or never comes. */
export async function checkSchedule(schedule: string, nowMs: number): Promise<void> {
  await nextScheduled(schedule, nowMs);
}

/** When a password that was changed at `fromMs` is to be changed again. */
export async function nextRotation(timing: Timing, fromMs: number): Promise<number> {
  if (timing.rotationSchedule !== undefined) return nextScheduled(timing.rotationSchedule, fromMs);
  return fromMs + (timing.rotationPeriodSeconds ?? 0) * 1000;
}

/** Whether a scheduled rotation that was due at `dueMs` may no longer begin. */
export function hasMissedWindow(timing: Timing, dueMs: number, nowMs: number): boolean {
  return (
    timing.rotationSchedule !== undefined &&
    timing.rotationWindowSeconds > 0 &&
    nowMs > dueMs + timing.rotationWindowSeconds * 1000
  );
}

async function nextScheduled(schedule: string, fromMs: number): Promise<number> {
  const { Cron } = await import('croner');
  let next: Date | null;
  try {
    if (schedule.length > 200 || !/^\s*(?:\S+\s+){4}\S+\s*$/.test(schedule))
      throw new Error('expected 5 fields');
    next = new Cron(schedule, { timezone: 'UTC', paused: true }).nextRun(new Date(fromMs));
  } catch (error) {
    throw invalidRequest('could not parse rotation_schedule', {
      hint: 'Five fields of cron, in UTC: minute hour day-of-month month day-of-week, such as "0 0 * * SAT".',
      cause: error,
    });
  }
  if (!next) throw invalidRequest('rotation_schedule names a time that never comes');
  return next.getTime();
}
