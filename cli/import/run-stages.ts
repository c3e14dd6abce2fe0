import { Failure } from '../failure.ts';
import { reasonOf } from './context.ts';
import { forEachAtOnce } from './lanes.ts';
import type { Intention, Outcome, Plan, Stage, Step } from './outcome.ts';

export type OnConflict = 'skip' | 'overwrite' | 'fail';

export interface RunOptions {
  readonly onConflict: OnConflict;
  /** Steps at once. */
  readonly concurrency: number;
  readonly finished: (outcome: Outcome) => void;
}

/** A conflict under `-on-conflict=fail`: nothing more is begun. */
class Stopped extends Error {}

/** Does all stages in order. One step that fails does not keep the others; returns false when a conflict stopped the work. */
export async function runStages(stages: readonly Stage[], options: RunOptions): Promise<boolean> {
  try {
    for (const { steps, inOrder } of stages)
      await forEachAtOnce(inOrder ? 1 : options.concurrency, steps, (step) => runStep(step, options));
    return true;
  } catch (error) {
    if (error instanceof Stopped) return false;
    throw error;
  }
}

async function runStep(step: Step, { onConflict, finished }: RunOptions): Promise<void> {
  const { kind, path } = step;
  let plan: Plan;
  try {
    plan = await step.plan();
    const outcome = await carryOut(plan, onConflict);
    finished({ kind, path, ...outcome, ...(plan.notes?.length ? { notes: plan.notes } : {}) });
    if (outcome.result === 'skipped' && onConflict === 'fail') throw new Stopped();
  } catch (error) {
    if (error instanceof Stopped || error instanceof Failure) throw error;
    finished({ kind, path, result: 'failed', reason: reasonOf(error) });
  }
}

async function carryOut(plan: Plan, onConflict: OnConflict): Promise<Pick<Outcome, 'result' | 'reason'>> {
  switch (plan.do) {
    case 'create':
    case 'continue':
      await plan.apply();
      return { result: 'carried' };
    case 'nothing':
      return { result: 'unchanged' };
    case 'cannot':
      return { result: 'not-carried', reason: plan.why };
    case 'conflict':
      if (onConflict !== 'overwrite' || plan.replace === undefined)
        return { result: 'skipped', reason: plan.why };
      await plan.replace();
      return { result: 'overwritten', reason: plan.why };
  }
}

/** What `runStages` would do, in the order in which it would begin. */
export async function intend(
  stages: readonly Stage[],
  options: Pick<RunOptions, 'onConflict' | 'concurrency'>,
  looked: () => void,
): Promise<Intention[]> {
  const found = new Map<Step, Intention>();
  for (const { steps } of stages)
    await forEachAtOnce(options.concurrency, steps, async (step) => {
      found.set(step, await intention(step, options.onConflict));
      looked();
    });
  return stages.flatMap(({ steps }) =>
    steps.map((step) => found.get(step)).filter((one) => one !== undefined),
  );
}

async function intention(step: Step, onConflict: OnConflict): Promise<Intention> {
  const { kind, path } = step;
  try {
    const plan = await step.plan();
    const notes = plan.notes ?? [];
    const why = plan.do === 'conflict' || plan.do === 'cannot' ? [plan.why] : [];
    return { action: actionOf(plan, onConflict), kind, path, note: [...why, ...notes].join('; ') };
  } catch (error) {
    return { action: 'fails', kind, path, note: reasonOf(error) };
  }
}

function actionOf(plan: Plan, onConflict: OnConflict): string {
  switch (plan.do) {
    case 'create':
      return 'copy';
    case 'continue':
      return 'complete';
    case 'nothing':
      return 'none: the same';
    case 'cannot':
      return 'cannot';
    case 'conflict':
      if (onConflict === 'overwrite' && plan.replace !== undefined) return 'overwrite';
      return onConflict === 'fail' ? 'stop' : 'skip';
  }
}
