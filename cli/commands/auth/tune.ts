import type { Run } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';
import { authMethods, tuneMount } from '../secrets/mount-kind.ts';

export async function tune(run: Run): Promise<number> {
  const threshold = run.flags.number('user-lockout-threshold');
  const lockout = withoutUndefined({
    lockout_threshold: threshold === undefined ? undefined : String(threshold),
    lockout_duration: run.flags.text('user-lockout-duration'),
    lockout_counter_reset_duration: run.flags.text('user-lockout-counter-reset-duration'),
    lockout_disable: run.flags.boolean('user-lockout-disable'),
  });
  return tuneMount(
    run,
    authMethods,
    Object.keys(lockout).length === 0 ? {} : { user_lockout_config: lockout },
  );
}
