import type { Clock } from '../../contracts/clock.ts';
import type { CountedStorage } from './counted-storage.ts';
import type { Gauge, Snapshot } from './metric.ts';
import { processGauges } from './process-gauges.ts';
import { RequestMetrics } from './request-metrics.ts';
import type { UsageGauges } from './usage-gauges.ts';

export interface MetricsDependencies {
  readonly clock: Clock;
  /** `metrics_prefix`, the first word of every name. */
  readonly prefix: string;
  readonly storage: CountedStorage;
  readonly usage: UsageGauges;
  readonly isUnsealed: () => boolean;
  readonly inFlight: () => number;
  readonly clusterName: () => Promise<string | undefined>;
  readonly cache: () => CacheFacts | undefined;
  readonly auditDevices: () => readonly AuditFacts[];
}

/** Of one audit device. */
export interface AuditFacts {
  readonly healthy: boolean;
  /** Entries that it is missing. */
  readonly lostEntries: number;
}

export interface CacheFacts {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
}

/** All that is counted in this process, from its start on. */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly #deps: MetricsDependencies;
  readonly #startedMs: number;

  constructor(deps: MetricsDependencies) {
    this.#deps = deps;
    this.#startedMs = deps.clock.now();
  }

  async snapshot(): Promise<Snapshot> {
    const { clock, prefix, storage, usage, cache } = this.#deps;
    const cached = cache();
    const devices = this.#deps.auditDevices();
    const failing = devices.filter(({ healthy }) => !healthy).length;
    const lost = devices.reduce((sum, { lostEntries }) => sum + lostEntries, 0);
    const counter = (name: string, count: number, help: string) => ({ name, labels: {}, help, count });
    return {
      timeMs: clock.now(),
      startedMs: this.#startedMs,
      prefix,
      gauges: [
        ...(await this.#core()),
        ...(cached
          ? [
              { name: 'cache.entries', labels: {}, help: 'Records in memory.', value: cached.entries },
              { name: 'cache.bytes', labels: {}, help: 'Room that they take.', value: cached.bytes },
            ]
          : []),
        { name: 'audit.devices', labels: {}, help: 'Audit devices in service.', value: devices.length },
        { name: 'audit.devices_failing', labels: {}, help: 'Those that do not record.', value: failing },
        ...(this.#deps.isUnsealed() ? usage.gauges() : []),
        ...processGauges(),
      ],
      counters: [
        ...(cached
          ? [
              counter('cache.hit', cached.hits, 'Records that memory had.'),
              counter('cache.miss', cached.misses, 'Records that were asked of storage.'),
            ]
          : []),
        counter('audit.lost_entries', lost, 'Entries that single audit devices are missing.'),
        ...this.requests.counters(),
        ...storage.counters(),
      ],
      samples: [...this.requests.samples(), ...storage.samples()],
    };
  }

  async #core(): Promise<Gauge[]> {
    const { isUnsealed, inFlight, clusterName } = this.#deps;
    const cluster = await clusterName().catch(() => undefined);
    const labels: Record<string, string> = cluster === undefined ? {} : { cluster };
    const unsealed = isUnsealed() ? 1 : 0;
    return [
      { name: 'core.active', labels, help: 'Whether this node serves requests.', value: unsealed },
      { name: 'core.unsealed', labels, help: 'Whether the server is unsealed.', value: unsealed },
      { name: 'core.in_flight_requests', labels, help: 'Requests that are running.', value: inFlight() },
    ];
  }
}
