import type { Clock } from '../../contracts/clock.ts';
import type { Records } from '../../contracts/records.ts';
import type { ConfigRecord } from './config-record.ts';
import { KeySource } from './key-source.ts';

const configKey = 'config';

export interface LiveConfig {
  readonly config: ConfigRecord;
  readonly keys: KeySource;
}

/** The configuration of one mount with what is kept of it in memory, on every node the one in force. */
export class ConfigStore {
  readonly #records: Records;
  readonly #clock: Clock;

  constructor(records: Records, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  async find(): Promise<LiveConfig | undefined> {
    const stored =
      this.#records.peek<ConfigRecord>(configKey) ?? (await this.#records.get<ConfigRecord>(configKey));
    if (!stored) return undefined;
    const kept = stored.memo instanceof KeySource ? stored.memo : new KeySource(stored.value, this.#clock);
    stored.memo = kept;
    return { config: stored.value, keys: kept };
  }

  async write(config: ConfigRecord): Promise<void> {
    await this.#records.commit({ put: [[configKey, config]] });
  }
}
