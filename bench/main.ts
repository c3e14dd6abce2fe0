import { parseArgs } from 'node:util';
import { BenchServer } from './coffer-server.ts';
import { coreScenarios } from './core-scenarios.ts';
import { type LoadResult, load } from './load.ts';
import { MeasuredProcess } from './process.ts';
import { atScale } from './scale.ts';
import { atIdentityScale } from './scale-identity.ts';
import { get, post, type Scenario } from './scenario.ts';

/**
 * `npm run bench`: each figure beside a bare node:http server answering the same bytes in the same run, since
 * these machines are shared and a figure alone means nothing. Floor and Coffer take turns; medians count.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    scale: { type: 'string', default: '0' },
    /** How many entities, with a namespace for each hundred. */
    'scale-identity': { type: 'string', default: '0' },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

interface Measured extends LoadResult {
  readonly cpuMicros: number;
}

async function measure(target: MeasuredProcess, port: number, scenario: Scenario): Promise<Measured> {
  const request = scenario.request(port);
  const before = await target.usage();
  const follow = scenario.follow?.(port);
  const { connections } = scenario;
  const result = await load({ port, connections, seconds, request, ...(follow ? { follow } : {}) });
  const after = await target.usage();
  return { ...result, cpuMicros: (after.cpuMicros - before.cpuMicros) / result.requests };
}

async function warmUp(port: number, scenario: Scenario, atMostSeconds: number): Promise<void> {
  const follow = scenario.follow?.(port);
  await load({
    port,
    connections: scenario.connections,
    seconds: Math.min(atMostSeconds, seconds),
    request: scenario.request(port),
    ...(follow ? { follow } : {}),
  });
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

async function compare(server: BenchServer, scenario: Scenario): Promise<void> {
  const floor = await MeasuredProcess.start('./floor-process.ts', [scenario.bytes]);
  const floors: Measured[] = [];
  const coffers: Measured[] = [];
  await warmUp(server.port, scenario, 3);
  await warmUp(floor.port, scenario, 1);
  for (let round = 0; round < rounds; round++) {
    floors.push(await measure(floor, floor.port, scenario));
    coffers.push(await measure(server.process, server.port, scenario));
  }
  await floor.stop();
  const rate = (all: Measured[]) => median(all.map((one) => one.perSecond));
  const cpu = (all: Measured[]) => median(all.map((one) => one.cpuMicros));
  const failures = coffers.reduce((sum, one) => sum + one.failures, 0);
  const p50 = median(coffers.map((one) => one.p50));
  const p99 = median(coffers.map((one) => one.p99));
  console.log(
    [
      scenario.name.padEnd(34),
      `${Math.round(rate(coffers))}/s`.padStart(9),
      `${(rate(coffers) / rate(floors)).toFixed(2)} × floor (${Math.round(rate(floors))}/s)`.padEnd(28),
      `CPU ${cpu(coffers).toFixed(0)} µs, ${(cpu(coffers) / cpu(floors)).toFixed(2)} × floor (${cpu(floors).toFixed(0)})`.padEnd(
        34,
      ),
      `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (${(p99 / p50).toFixed(1)} ×)`,
      failures > 0 ? `  ${failures} FAILED` : '',
    ].join('  '),
  );
}

const server = await BenchServer.create();
try {
  const count = 1000;
  const value = { data: { 'api-key': 'sk-your-openai-key-0123456789abcdef', 'org-id': 'org-abc123' } };
  for (let at = 0; at < count; at += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => server.call('POST', `secret/data/app/${at + n}`, value)),
    );
  }
  await server.call('PUT', 'sys/policies/acl/app', {
    policy: 'path "secret/data/app/*" { capabilities = ["create", "read", "update"] }',
  });
  const made = await server.call<{ auth: { client_token: string } }>('POST', 'auth/token/create', {
    policies: ['app'],
    ttl: '1h',
  });
  const token = made.auth.client_token;
  const body = JSON.stringify(value);
  const scenarios: Scenario[] = [
    {
      name: 'KV v2 read, one secret',
      connections: 16,
      bytes: await server.bytesOf('secret/data/app/1'),
      request: get(() => 'secret/data/app/1', token),
    },
    {
      name: 'KV v2 read, a thousand secrets',
      connections: 16,
      bytes: await server.bytesOf('secret/data/app/1'),
      request: get((n) => `secret/data/app/${(n * 7919) % count}`, token),
    },
    {
      name: 'token lookup-self',
      connections: 16,
      bytes: await server.bytesOf('auth/token/lookup-self'),
      request: get(() => 'auth/token/lookup-self', token),
    },
    {
      name: 'KV v2 write, durable',
      connections: 32,
      bytes: await server.bytesOf('secret/metadata/app/1'),
      request: post((n) => `secret/data/app/w${n % 500}`, token, body),
    },
    {
      name: 'health',
      connections: 16,
      bytes: await server.bytesOf('sys/health'),
      request: get(() => 'sys/health', ''),
    },
  ];
  const isWanted = ({ name }: { readonly name: string }) => !values.only || name.includes(values.only);
  for (const scenario of scenarios.filter(isWanted)) await compare(server, scenario);
  for (const { name, prepare } of coreScenarios(server).filter(isWanted))
    await compare(server, { name, ...(await prepare()) });
  const { residentBytes } = await server.process.usage();
  console.log(`resident after this load: ${(residentBytes / 1e6).toFixed(0)} MB`);
  if (Number(values.scale) > 0) await atScale(server, token, Number(values.scale), seconds);
  const entities = Number(values['scale-identity']);
  if (entities > 0) await atIdentityScale(server, token, { entities, namespaces: entities / 100 }, seconds);
} finally {
  await server.remove();
}
