import { parseDurationSeconds } from '../../../formats/duration/index.ts';
import type { Run } from '../../run.ts';

const defaultWatchSeconds = 5;
const shortestWatchMs = 200;

/** How long -watch waits between looks. */
export function watchIntervalMs(run: Run): number {
  const text = run.flags.text('watch-interval');
  const seconds = text === undefined ? defaultWatchSeconds : parseDurationSeconds(text);
  return Math.max(shortestWatchMs, seconds * 1000);
}

export function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
}
