import type { Context, SourceMount } from '../context.ts';
import type { Plan } from '../outcome.ts';
import { firstDifference, isSame, numberIn } from '../values.ts';
import { type History, readHistory, readVersion, type VersionState } from './kv-history.ts';

/** Versions are numbered by writing them one after the other; more than this in one secret is not worth the numbers. */
const mostVersions = 10_000;

interface Copy {
  readonly context: Context;
  readonly mount: SourceMount;
  readonly name: string;
  readonly from: History;
}

/**
 * A secret with all its versions, under their numbers. Versions whose value the source does not give (deleted, destroyed, dropped) are
 * written empty and then deleted or destroyed. A copy that was interrupted is a beginning of this one, and is gone on with.
 */
export async function planVersions(context: Context, mount: SourceMount, name: string): Promise<Plan> {
  const from = await readHistory(context.source, mount, name);
  if (from === undefined) return { do: 'cannot', why: 'it has gone from the source meanwhile' };
  if (from.current > mostVersions) return { do: 'cannot', why: `it has more than ${mostVersions} versions` };
  const copy = { context, mount, name, from };
  const notes = limitsOf(from);
  const to = await readHistory(context.target, mount, name);
  if (to === undefined) return { do: 'create', notes, apply: () => write(copy, 0, false) };
  const difference = await differenceOf(copy, to);
  if (difference === undefined) {
    if (isFinished(from, to)) return { do: 'nothing', notes };
    return { do: 'continue', notes, apply: () => write(copy, to.current, true) };
  }
  const replace = async (): Promise<void> => {
    await context.target.delete(mount.namespace, `${mount.path}metadata/${name}`);
    await write(copy, 0, false);
  };
  return { do: 'conflict', why: difference, notes, replace };
}

function wantedState(from: History, version: number): VersionState {
  return from.states.get(version) ?? 'destroyed';
}

function limitsOf(from: History): string[] {
  const notes: string[] = [];
  const deleted = [...from.states].filter(([, state]) => state === 'deleted').map(([number]) => number);
  if (deleted.length > 0)
    notes.push(
      `deleted versions ${deleted.join(', ')} come without their values: undelete them at the source first to carry these`,
    );
  if (from.willExpire) notes.push('versions that delete themselves do so counted from the copy');
  return notes;
}

/** Why what is at the target is not a beginning of the copy. */
async function differenceOf({ context, mount, name, from }: Copy, to: History): Promise<string | undefined> {
  if (to.current > from.current) return 'the target has more versions';
  const temporary = { ...from.settings, max_versions: to.settings['max_versions'] };
  const setting = firstDifference(isBeginning(from, to) ? temporary : from.settings, to.settings);
  if (setting !== undefined) return `it differs at "${setting}"`;
  for (const [version, state] of to.states) {
    const wanted = wantedState(from, version);
    if (state !== 'live') {
      if (wanted === 'live') return `version ${version} is ${state} at the target`;
      continue;
    }
    const data = await readVersion(context.target, mount, name, version);
    const expected = wanted === 'live' ? await readVersion(context.source, mount, name, version) : {};
    if (data !== undefined && !isSame(data, expected ?? {})) return `version ${version} is another`;
  }
  return undefined;
}

/** While versions are written, more of them may have to be kept than will be in the end. */
function isBeginning(from: History, to: History): boolean {
  return to.maxVersions === spanOf(from);
}

function isFinished(from: History, to: History): boolean {
  const states = [...to.states].every(([version, state]) => {
    const wanted = wantedState(from, version);
    return state === wanted || (wanted === 'deleted' && state === 'destroyed');
  });
  return to.current === from.current && states && from.maxVersions === to.maxVersions;
}

/** From the oldest version that the source still has to the newest. */
function spanOf(from: History): number {
  return from.current - Math.min(from.current, ...from.states.keys()) + 1;
}

async function write(copy: Copy, done: number, isThere: boolean): Promise<void> {
  const { context, mount, name, from } = copy;
  const { target } = context;
  const metadata = `${mount.path}metadata/${name}`;
  const span = spanOf(from);
  const keepsAll = from.current === 0 || span <= (await keptAtTarget(context, mount, from));
  if (!isThere)
    await target.write(mount.namespace, metadata, {
      ...from.settings,
      ...(keepsAll ? {} : { max_versions: span }),
    });
  for (let version = done + 1; version <= from.current; version++) {
    const isLive = wantedState(from, version) === 'live';
    const data = isLive ? await readVersion(context.source, mount, name, version) : {};
    await target.write(mount.namespace, `${mount.path}data/${name}`, {
      data: data ?? {},
      options: { cas: version - 1 },
    });
  }
  await settleStates(copy);
  if (!keepsAll) await target.write(mount.namespace, metadata, { max_versions: from.maxVersions });
}

/** The larger of the store's and the secret's own limit holds; ten when neither is set. */
async function keptAtTarget({ target }: Context, mount: SourceMount, from: History): Promise<number> {
  const config = await target.read(mount.namespace, `${mount.path}config`);
  return Math.max(from.maxVersions, numberIn(config ?? {}, 'max_versions')) || 10;
}

/** Deletes and destroys what is so at the source; what it has dropped, if the target keeps more, is destroyed. */
async function settleStates({ context, mount, name, from }: Copy): Promise<void> {
  const to = await readHistory(context.target, mount, name);
  const unsettled = (wanted: VersionState): number[] =>
    [...(to?.states ?? [])]
      .filter(([version, state]) => state === 'live' && wantedState(from, version) === wanted)
      .map(([version]) => version);
  for (const [state, action] of [
    ['deleted', 'delete'],
    ['destroyed', 'destroy'],
  ] as const) {
    const versions = unsettled(state);
    if (versions.length > 0)
      await context.target.write(mount.namespace, `${mount.path}${action}/${name}`, { versions });
  }
}
