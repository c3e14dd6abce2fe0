import type { ListedRules } from './acl.ts';
import type { Permissions } from './permissions.ts';

type Rule = readonly [path: string, permissions: Permissions];

/** Whether a rule whose path lies below `mountPath` (which ends in `/`) grants anything. */
export function rulesGrantBelow({ exact, prefixes, segments }: ListedRules, mountPath: string): boolean {
  if (anyBelow(exact, mountPath) || anyBelow(prefixes, mountPath)) return true;
  const parts = mountPath.split('/').slice(0, -1);
  return segments.some(([path, { granted }]) => granted.size > 0 && reachesBelow(path.split('/'), parts));
}

/** A path that no rule names, at each depth below the mount that a rule with `+` can tell from the next. */
export function pathsBelow({ segments }: ListedRules, mountPath: string): string[] {
  const deepest = segments.reduce((most, [path]) => Math.max(most, path.split('/').length), 0);
  const levels = Math.max(1, Math.min(deepest - mountPath.split('/').length + 2, 64));
  return Array.from({ length: levels }, (_, level) => `${mountPath}${'\u0000/'.repeat(level)}\u0000`);
}

/** `rules` are sorted by path, so those below the mount stand together. */
function anyBelow(rules: readonly Rule[], mountPath: string): boolean {
  let low = 0;
  let high = rules.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rules[middle]?.[0] ?? '') < mountPath) low = middle + 1;
    else high = middle;
  }
  for (let at = low; rules[at]?.[0].startsWith(mountPath); at++) {
    if ((rules[at]?.[1].granted.size ?? 0) > 0) return true;
  }
  return false;
}

function reachesBelow(pattern: readonly string[], mount: readonly string[]): boolean {
  return (
    pattern.length > mount.length &&
    mount.every((part, index) => pattern[index] === '+' || pattern[index] === part)
  );
}
