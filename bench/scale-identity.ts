import type { BenchServer } from './coffer-server.ts';
import { load } from './load.ts';

/** What many entities and namespaces change: start-up, memory, and the rate of reads that have nothing to do with them. */
export async function atIdentityScale(
  server: BenchServer,
  token: string,
  count: { readonly entities: number; readonly namespaces: number },
  seconds: number,
): Promise<void> {
  const before = await startAndRead(server, token, seconds);
  await inParallel(count.entities, 'entities', (n) =>
    server.call('POST', 'identity/entity', { name: `person-${n}`, metadata: { team: `team-${n % 50}` } }),
  );
  await inParallel(count.namespaces, 'namespaces', (n) => server.call('PUT', `sys/namespaces/unit-${n}`));
  const after = await startAndRead(server, token, seconds);
  const times = (now: number, then: number) => `${(now / then).toFixed(2)} × before`;
  console.log(`${count.entities} entities, ${count.namespaces} namespaces:`);
  console.log(
    `  restart to first answered read ${after.startMs.toFixed(0)} ms (${times(after.startMs, before.startMs)})`,
  );
  console.log(
    `  reads ${Math.round(after.perSecond)}/s (${times(after.perSecond, before.perSecond)}); resident ${(after.residentBytes / 1e6).toFixed(0)} MB (${times(after.residentBytes, before.residentBytes)})`,
  );
}

/** The median of three starts, and reads after the last of them. */
async function startAndRead(server: BenchServer, token: string, seconds: number) {
  const starts: number[] = [];
  for (let round = 0; round < 3; round++) {
    await server.process.stop();
    starts.push(await server.start('secret/data/app/777'));
  }
  const plan = {
    port: server.port,
    connections: 16,
    request: (n: number) =>
      `GET /v1/secret/data/app/${(n * 7919) % 1000} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${token}\r\n\r\n`,
  };
  await load({ ...plan, seconds: Math.min(1, seconds) });
  const { perSecond } = await load({ ...plan, seconds });
  const { residentBytes } = await server.process.usage();
  return { startMs: starts.sort((a, b) => a - b)[1] ?? 0, perSecond, residentBytes };
}

async function inParallel(count: number, what: string, make: (n: number) => Promise<unknown>): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      const n = begun++;
      await make(n);
      if (n % 1000 === 0) process.stderr.write(`\r${n} ${what}   `);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  process.stderr.write('\n');
}
