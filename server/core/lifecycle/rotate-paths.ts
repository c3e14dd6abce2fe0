import { formatGoDuration } from '../../../formats/duration/index.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Lifecycle } from './lifecycle.ts';
import { withPublicErrors } from './public-errors.ts';

const fewestOperations = 1_000_000;
/** Nine tenths of 2^32: random nonces are safe up to there. */
const mostOperations = 3_865_470_566;
const shortestIntervalSeconds = 24 * 60 * 60;

/** `sys/key-status`, `sys/rotate[/config]`, and OpenBao's `sys/rotate/keyring[/config]` and `sys/rotate/root`. */
export function rotatePaths(lifecycle: Lifecycle): readonly PathDeclaration[] {
  return [
    keyStatusPath(lifecycle),
    ...['rotate', 'rotate/keyring'].flatMap((prefix) => [
      rotatePath(lifecycle, prefix),
      configPath(lifecycle, `${prefix}/config`),
    ]),
    rootKeyPath(lifecycle),
  ];
}

function openBarrier(lifecycle: Lifecycle): Lifecycle['parts']['barrier'] {
  if (!lifecycle.unsealed) throw new CofferError('sealed');
  return lifecycle.parts.barrier;
}

function keyStatusPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'key-status',
    fields: {},
    rootOnly: true,
    shape: 'flattened',
    help: {
      synopsis: 'The encryption key in use.',
      description: 'Its number, since when it is used, and how often it was.',
    },
    operations: {
      read: {
        summary: 'Read the status of the encryption key',
        pure: true,
        handler: async () => {
          const { term, installTimeMs, encryptions } = openBarrier(lifecycle).keyStatus();
          return { data: { term, install_time: new Date(installTimeMs).toISOString(), encryptions } };
        },
      },
    },
  });
}

function rotatePath(lifecycle: Lifecycle, pattern: string): PathDeclaration {
  return definePath({
    pattern,
    fields: {},
    access: 'sudo',
    rootOnly: true,
    help: {
      synopsis: 'Rotate the encryption key.',
      description: 'What is written from now on has a new key; older keys stay for reading.',
    },
    operations: {
      write: {
        summary: 'Rotate the encryption key',
        handler: () =>
          withPublicErrors(async () => {
            await openBarrier(lifecycle).rotate();
            return undefined;
          }),
      },
    },
  });
}

function configPath(lifecycle: Lifecycle, pattern: string): PathDeclaration {
  return definePath({
    pattern,
    fields: {
      max_operations: {
        type: 'int',
        description: `Rotate after this many encryptions, at most ${mostOperations}.`,
      },
      interval: { type: 'duration', description: 'Rotate after this time, at least 24h. 0: not by time.' },
      enabled: { type: 'bool', description: 'Whether the key rotates by itself.' },
    },
    rootOnly: true,
    help: {
      synopsis: 'When the encryption key rotates by itself.',
      description: 'What a write leaves out stays as it is.',
    },
    operations: {
      read: {
        summary: 'Read when the key rotates',
        pure: true,
        handler: async () => {
          const { enabled, maxOperations, intervalMs } = openBarrier(lifecycle).rotation();
          const interval = intervalMs === 0 ? 0 : formatGoDuration(intervalMs / 1000);
          return { data: { enabled, interval, max_operations: maxOperations } };
        },
      },
      write: {
        summary: 'Change when the key rotates',
        handler: ({ fields }) =>
          withPublicErrors(async () => {
            const barrier = openBarrier(lifecycle);
            const now = barrier.rotation();
            const maxOperations = fields.max_operations ?? now.maxOperations;
            const intervalMs = fields.interval === undefined ? now.intervalMs : fields.interval * 1000;
            if (maxOperations < fewestOperations || maxOperations > mostOperations) {
              throw invalidRequest(
                `max_operations must be in the range [${fewestOperations},${mostOperations}]`,
              );
            }
            if (intervalMs !== 0 && intervalMs < shortestIntervalSeconds * 1000) {
              throw invalidRequest(
                `interval must be greater or equal to ${formatGoDuration(shortestIntervalSeconds)}`,
              );
            }
            await barrier.setRotation({ enabled: fields.enabled ?? now.enabled, maxOperations, intervalMs });
            return undefined;
          }),
      },
    },
  });
}

function rootKeyPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'rotate/root',
    fields: {},
    access: 'sudo',
    rootOnly: true,
    help: {
      synopsis: 'Replace the root key, with an auto seal.',
      description: 'Nobody has to give a share, and nobody gets one. With key shares, use rotate/root/init.',
    },
    operations: {
      write: {
        summary: 'Replace the root key',
        handler: () =>
          withPublicErrors(async () => {
            await lifecycle.rekeyUnseal.replaceRootKey();
            return undefined;
          }),
      },
    },
  });
}
