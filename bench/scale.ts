import type { BenchServer } from './coffer-server.ts';
import { load } from './load.ts';

/**
 * What a million secrets change: memory, restart, read rate, the cost of a page of a large folder. `count`
 * secrets are written through the API first, which takes a while.
 */
export async function atScale(
  server: BenchServer,
  token: string,
  count: number,
  seconds: number,
): Promise<void> {
  const reads = (of: number) =>
    load({
      port: server.port,
      connections: 16,
      seconds,
      request: (n) =>
        `GET /v1/secret/data/app/${(n * 7919) % of} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${token}\r\n\r\n`,
    });
  const before = await reads(1000);
  const startedAt = performance.now();
  const body = JSON.stringify({ data: { 'api-key': 'sk-your-openai-key-0123456789abcdef' } });
  let written = 1000;
  while (written < count) {
    const from = written;
    const written_now = await loadExactly(server, token, from, Math.min(count - from, 20_000), body);
    written += written_now;
    process.stderr.write(
      `\r${written} secrets, ${Math.round((written * 1000) / (performance.now() - startedAt))}/s   `,
    );
  }
  process.stderr.write('\n');
  await server.process.stop();
  const restart = await server.start('secret/data/app/777');
  const idle = await server.process.usage();
  const same = await reads(1000);
  const all = await reads(count);
  const after = await server.process.usage();
  const page = await timed(() => server.call('GET', 'secret/metadata/app?list=true&limit=1000&after=5'));
  console.log(`${count} secrets: restart to first answered read ${restart.toFixed(0)} ms`);
  console.log(
    `  resident ${(idle.residentBytes / 1e6).toFixed(0)} MB after the restart, ${(after.residentBytes / 1e6).toFixed(0)} MB after reads`,
  );
  console.log(
    `  reads of a thousand: ${Math.round(same.perSecond)}/s (${(same.perSecond / before.perSecond).toFixed(2)} × before); of all: ${Math.round(all.perSecond)}/s (${(all.perSecond / before.perSecond).toFixed(2)} ×)`,
  );
  console.log(`  a page of 1,000 names: ${page.toFixed(1)} ms`);
}

async function loadExactly(
  server: BenchServer,
  token: string,
  from: number,
  count: number,
  body: string,
): Promise<number> {
  let sent = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (sent < count) {
        const n = from + sent++;
        const answer = await fetch(`http://127.0.0.1:${server.port}/v1/secret/data/app/${n}`, {
          method: 'POST',
          headers: { 'X-Vault-Token': token },
          body,
        });
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`write ${n}: ${answer.status}`);
      }
    }),
  );
  return count;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let n = 0; n < 9; n++) {
    const startedAt = performance.now();
    await work();
    samples.push(performance.now() - startedAt);
  }
  return samples.sort((a, b) => a - b)[4]!;
}
