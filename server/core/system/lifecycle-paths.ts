import type { PathDeclaration } from '../../contracts/paths.ts';
import { generateRootPaths } from '../lifecycle/generate-root-paths.ts';
import type { Lifecycle } from '../lifecycle/index.ts';
import { rekeyPaths } from '../lifecycle/rekey-paths.ts';
import { rotatePaths } from '../lifecycle/rotate-paths.ts';
import { sealPaths } from '../lifecycle/seal-paths.ts';
import { statusPaths } from '../lifecycle/status-paths.ts';

/** Everything below `sys/` about initialising, sealing and keys; patterns relative to `sys/`, root namespace only. */
export function lifecyclePaths(lifecycle: Lifecycle): readonly PathDeclaration[] {
  const { rekeyUnseal, rekeyRecovery, generateRoot } = lifecycle;
  const unsealKeys = 'unseal keys';
  const recoveryKeys = 'recovery keys';
  return [
    ...statusPaths(lifecycle),
    ...sealPaths(lifecycle),
    ...rotatePaths(lifecycle),
    ...rekeyPaths(rekeyUnseal, { prefix: 'rekey', authenticated: false, keys: unsealKeys }),
    ...rekeyPaths(rekeyUnseal, { prefix: 'rotate/root', authenticated: true, keys: unsealKeys }),
    ...rekeyPaths(rekeyRecovery, { prefix: 'rekey-recovery-key', authenticated: false, keys: recoveryKeys }),
    ...rekeyPaths(rekeyRecovery, { prefix: 'rotate/recovery', authenticated: true, keys: recoveryKeys }),
    ...generateRootPaths(generateRoot, { prefix: 'generate-root', authenticated: false }),
    ...generateRootPaths(generateRoot, { prefix: 'generate-root-token', authenticated: true }),
  ];
}
