import type { JsonObject } from '../../contracts/request.ts';
import { bucketBoundsMs, type Distribution } from './distribution.ts';
import type { Labels, Sample, Snapshot } from './metric.ts';

/** The JSON form of Vault's `sys/metrics` (go-metrics' summary), counted from the start of the process. */
export function renderJson(snapshot: Snapshot): JsonObject {
  const { prefix, timeMs, startedMs, gauges, counters, samples } = snapshot;
  const seconds = Math.max(1, (timeMs - startedMs) / 1000);
  const at = new Date(timeMs).toISOString();
  return {
    Timestamp: `${at.slice(0, 10)} ${at.slice(11, 19)} +0000 UTC`,
    Gauges: gauges.map(({ name, value, labels }) => ({
      Name: `${prefix}.${name}`,
      Value: value,
      Labels: labels,
    })),
    Points: [],
    Counters: counters.map(({ name, count, labels }) => ({
      Name: `${prefix}.${name}`,
      Count: count,
      Rate: count / seconds,
      Sum: count,
      Min: count === 0 ? 0 : 1,
      Max: count === 0 ? 0 : 1,
      Mean: count === 0 ? 0 : 1,
      Stddev: 0,
      Labels: labels,
    })),
    Samples: samples.map(({ name, distribution, labels }) => ({
      Name: `${prefix}.${name}`,
      Count: distribution.count,
      Rate: distribution.sum / seconds,
      Sum: distribution.sum,
      Min: distribution.min,
      Max: distribution.max,
      Mean: distribution.mean,
      Stddev: distribution.standardDeviation,
      Labels: labels,
    })),
  };
}

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format, version 0.0.4. Lines of one name stand together, as it demands. */
export function renderPrometheus(snapshot: Snapshot): string {
  const families = new Map<string, string[]>();
  const family = (name: string, type: string, help: string): string[] => {
    let lines = families.get(name);
    if (!lines) {
      lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
      families.set(name, lines);
    }
    return lines;
  };
  const nameOf = (name: string) => `${snapshot.prefix}_${name}`.replace(/[^A-Za-z0-9_]/g, '_');
  for (const { name, value, labels, help } of snapshot.gauges)
    family(nameOf(name), 'gauge', help).push(`${nameOf(name)}${rendered(labels)} ${value}`);
  for (const { name, count, labels, help } of snapshot.counters)
    family(nameOf(name), 'counter', help).push(`${nameOf(name)}${rendered(labels)} ${count}`);
  for (const sample of snapshot.samples) {
    if (sample.isHistogram) {
      const name = `${nameOf(sample.name)}_duration_seconds`;
      family(name, 'histogram', sample.help).push(...histogramLines(name, sample));
    } else {
      const name = nameOf(sample.name);
      const { sum, count } = sample.distribution;
      family(name, 'summary', sample.help).push(
        `${name}_sum${rendered(sample.labels)} ${sum}`,
        `${name}_count${rendered(sample.labels)} ${count}`,
      );
    }
  }
  return `${[...families.values()].flat().join('\n')}\n`;
}

function histogramLines(name: string, { labels, distribution }: Sample): string[] {
  const { sum, count } = distribution;
  return [
    ...cumulative(distribution).map(
      ([bound, below]) => `${name}_bucket${rendered({ ...labels, le: bound })} ${below}`,
    ),
    `${name}_bucket${rendered({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${rendered(labels)} ${sum / 1000}`,
    `${name}_count${rendered(labels)} ${count}`,
  ];
}

function cumulative({ buckets }: Distribution): [bound: string, below: number][] {
  let below = 0;
  return bucketBoundsMs.map((bound, at) => {
    below += buckets[at] ?? 0;
    return [String(bound / 1000), below];
  });
}

function rendered(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
