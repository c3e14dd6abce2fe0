import type { MountContext, SecretsEngine } from '../../contracts/secrets-engine.ts';
import { KvEvents } from './kv-events.ts';
import { configPath } from './path-config.ts';
import { dataPath } from './path-data.ts';
import { detailedMetadataPath } from './path-detailed-metadata.ts';
import { invalidPath } from './path-invalid.ts';
import { metadataPath } from './path-metadata.ts';
import { rollbackPath } from './path-rollback.ts';
import { subkeysPath } from './path-subkeys.ts';
import { versionsPaths } from './path-versions.ts';
import { SecretStore } from './secret-store.ts';
import { Upgrade } from './upgrade.ts';

/** Moved when the mount is opened, before the first request is served; the rest follow in `tidy`. */
const recordsMovedAtOpen = 1024;
const recordsMovedPerTidy = 65_536;

/** KV version 2: secrets with versions. */
export async function versionTwo({ records, clock, logger, events }: MountContext): Promise<SecretsEngine> {
  const upgrade = await Upgrade.begin(records, clock.now());
  const store = new SecretStore(records, upgrade, new KvEvents(events));
  if (upgrade.pending) {
    logger.info('upgrading records from version 1');
    await upgrade.advance(store, recordsMovedAtOpen);
  }
  return {
    paths: [
      configPath(store),
      dataPath(store, clock),
      metadataPath(store, clock),
      detailedMetadataPath(store),
      subkeysPath(store, clock),
      rollbackPath(store, clock),
      ...versionsPaths(store, clock),
      invalidPath(),
    ],
    async tidy() {
      if (!upgrade.pending) return;
      await upgrade.advance(store, recordsMovedPerTidy);
      if (!upgrade.pending) logger.info('all records are version 2');
    },
  };
}
