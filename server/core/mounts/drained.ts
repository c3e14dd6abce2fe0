import type { Clock } from '../../contracts/clock.ts';
import type { Mount } from './mount.ts';

/** How long a mount that is being removed waits for the requests that use it. */
const drainMs = 10_000;

/** Bounded: a request that hangs in an engine must not keep its mount alive for ever. */
export async function drained(mount: Mount, clock: Clock): Promise<void> {
  let cancel = (): void => {};
  const timeout = new Promise<void>((resolve) => {
    cancel = clock.after(drainMs, resolve);
  });
  await Promise.race([mount.idle(), timeout]);
  cancel();
}
