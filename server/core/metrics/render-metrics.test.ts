import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Distribution } from './distribution.ts';
import type { Snapshot } from './metric.ts';
import { renderJson, renderPrometheus } from './render-metrics.ts';

function snapshot(): Snapshot {
  const distribution = new Distribution();
  for (const ms of [0.2, 0.3, 4, 20_000]) distribution.add(ms);
  return {
    timeMs: Date.UTC(2026, 10, 22, 4, 4, 10),
    startedMs: Date.UTC(2026, 10, 22, 4, 4, 0),
    prefix: 'vault',
    gauges: [{ name: 'core.unsealed', labels: { cluster: 'a"b\\c\nd' }, help: 'Whether.', value: 1 }],
    counters: [
      { name: 'token.creation', labels: { token_type: 'service' }, help: 'Tokens made.', count: 3 },
      { name: 'core.other-thing', labels: {}, help: 'Other.', count: 0 },
      { name: 'token.creation', labels: { token_type: 'batch' }, help: 'Tokens made.', count: 1 },
    ],
    samples: [
      {
        name: 'core.request',
        labels: { operation: 'read' },
        help: 'Requests.',
        distribution,
        isHistogram: true,
      },
      { name: 'core.handle_request', labels: {}, help: 'All.', distribution, isHistogram: false },
    ],
  };
}

describe('metrics as text for Prometheus', () => {
  const lines = renderPrometheus(snapshot()).split('\n');

  it('name each family once, with all its lines together', () => {
    const types = lines.filter((line) => line.startsWith('# TYPE vault_token_creation '));
    assert.deepEqual(types, ['# TYPE vault_token_creation counter']);
    const first = lines.indexOf('vault_token_creation{token_type="service"} 3');
    assert.equal(lines[first + 1], 'vault_token_creation{token_type="batch"} 1');
    assert.ok(lines.includes('vault_core_other_thing 0'));
  });

  it('escape what a label may hold', () => {
    assert.ok(lines.includes('vault_core_unsealed{cluster="a\\"b\\\\c\\nd"} 1'));
  });

  it('have cumulative buckets in seconds, with everything in the last', () => {
    const name = 'vault_core_request_duration_seconds';
    assert.ok(lines.includes(`# TYPE ${name} histogram`));
    assert.ok(lines.includes(`${name}_bucket{operation="read",le="0.00025"} 1`));
    assert.ok(lines.includes(`${name}_bucket{operation="read",le="0.0005"} 2`));
    assert.ok(lines.includes(`${name}_bucket{operation="read",le="0.005"} 3`));
    assert.ok(lines.includes(`${name}_bucket{operation="read",le="10"} 3`));
    assert.ok(lines.includes(`${name}_bucket{operation="read",le="+Inf"} 4`));
    assert.ok(lines.includes(`${name}_count{operation="read"} 4`));
    assert.ok(lines.some((line) => line.startsWith(`${name}_sum{operation="read"} 20.0045`)));
  });

  it('keep Vault’s names and milliseconds where Vault has a summary', () => {
    assert.ok(lines.includes('# TYPE vault_core_handle_request summary'));
    assert.ok(lines.includes('vault_core_handle_request_count 4'));
  });

  it('hold nothing but lines of the format', () => {
    const line = /^(?:# (?:HELP|TYPE) [a-zA-Z_:][\w:]* .+|[a-zA-Z_:][\w:]*(?:\{[^}]*\})? -?[\d.e+-]+)$/;
    for (const one of lines.slice(0, -1)) assert.match(one, line);
    assert.equal(lines.at(-1), '');
  });
});

describe('metrics as JSON', () => {
  it('have the shape of Vault’s', () => {
    const json = JSON.parse(JSON.stringify(renderJson(snapshot()))) as Record<string, unknown[]>;
    assert.equal(json['Timestamp'], '2026-11-22 04:04:10 +0000 UTC');
    assert.deepEqual(Object.keys(json), ['Timestamp', 'Gauges', 'Points', 'Counters', 'Samples']);
    assert.deepEqual(json['Gauges'], [
      { Name: 'vault.core.unsealed', Value: 1, Labels: { cluster: 'a"b\\c\nd' } },
    ]);
    const sample = json['Samples']?.[0] as Record<string, number>;
    assert.equal(sample['Count'], 4);
    assert.equal(sample['Min'], 0.2);
    assert.equal(sample['Max'], 20_000);
    assert.ok(Math.abs((sample['Stddev'] ?? 0) - 9999.25) < 0.1, `${sample['Stddev']}`);
    assert.ok(Math.abs((sample['Rate'] ?? 0) - 2000.45) < 0.01);
  });
});
