import type { Clock } from '../../contracts/clock.ts';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';

/** One version that has run on this store. */
export interface InstalledVersion {
  readonly version: string;
  readonly installedMs: number;
}

const key = 'version-history';

/** Which versions of the program have run on the store, oldest first; in the root namespace's records. */
export class VersionHistory {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #version: string;

  constructor(records: Records, clock: Clock, version: string) {
    this.#records = records;
    this.#clock = clock;
    this.#version = version;
  }

  async list(): Promise<readonly InstalledVersion[]> {
    return (await this.#records.get<{ versions: readonly InstalledVersion[] }>(key))?.value.versions ?? [];
  }

  /** Writes down the running version where it is not the last. Called after unseal; harmless to repeat. */
  async record(): Promise<void> {
    const stored = await this.#records.get<{ versions: readonly InstalledVersion[] }>(key);
    const versions = stored?.value.versions ?? [];
    if (versions.some(({ version }) => version === this.#version)) return;
    const next = [...versions, { version: this.#version, installedMs: this.#clock.now() }];
    try {
      await this.#records.commit({ expect: [{ key, stored }], put: [[key, { versions: next }]] });
    } catch (error) {
      // Another process of the same version wrote it.
      if (!(error instanceof StorageConflict)) throw error;
    }
  }
}
