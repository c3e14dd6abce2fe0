import type { CoreParts } from './build-core.ts';
import type { AuditBroker } from './core/audit/audit-broker.ts';
import { Lifecycle } from './core/lifecycle/index.ts';
import type { Tokens } from './core/tokens/tokens.ts';
import type { CoreLife } from './core-life.ts';
import { version } from './version.ts';

/** Initialising, sealing and unsealing, and what the rest of core does then. */
export function buildLifecycle(
  parts: CoreParts,
  life: CoreLife,
  tokens: Tokens,
  audit: AuditBroker,
): Lifecycle {
  const { storage, barrier, seal, retiredSeals, clock, logger, configuration } = parts;
  return new Lifecycle({
    storage,
    barrier,
    seal,
    retiredSeals,
    clock,
    logger: logger.named('core'),
    program: { version, buildDate: '', storageType: configuration.storage.type },
    hooks: {
      createRootToken: async (id) => {
        await life.initialize();
        return tokens.createRoot(id);
      },
      onUnsealed: () => life.unsealed(),
      onSealing: () => life.sealing(),
      failingAuditDevices: () => audit.health().flatMap(({ device, healthy }) => (healthy ? [] : [device])),
    },
  });
}
