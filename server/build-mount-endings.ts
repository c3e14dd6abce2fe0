import type { Operations } from './build-operations.ts';
import type { Clock } from './contracts/clock.ts';
import { identityPrefix, removeMountAliases } from './core/identity/index.ts';
import type { MountsDependencies } from './core/mounts/mounts.ts';
import type { RecordsOf } from './core/tokens/system-change.ts';

/** What else follows a mount that goes or moves: its quotas, and what it called entities and groups. */
export function mountEndings(
  recordsOf: RecordsOf,
  clock: Clock,
  operations: () => Operations,
): Pick<MountsDependencies, 'removed' | 'moved' | 'forgetAliases'> {
  return {
    removed: (path) => operations().quotas.removeBelow(path),
    moved: (from, to) => operations().quotas.move(from, to),
    forgetAliases: ({ id }, accessor) =>
      removeMountAliases(recordsOf(id, identityPrefix), accessor, clock.now()),
  };
}
