import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CofferClient, fetchTransport, ProblemError } from '../../sdk/index.ts';
import { newWorkspace } from '../platform-people.ts';
import { startTestServer } from '../start-server.ts';

test('a read that a rate limit refuses is answered when its time has come', async () => {
  const server = await startTestServer();
  try {
    await newWorkspace(server, 'production');
    const statuses: number[] = [];
    const client = new CofferClient({
      address: server.address,
      token: server.rootToken,
      workspace: 'production',
      cache: false,
      maxRetries: 3,
      transport: async (request) => {
        const answer = await fetchTransport(request);
        statuses.push(answer.status);
        return answer;
      },
    });
    await client.secrets.create({ name: 'LIMITED', value: 'v' });
    const limit = await server.call('POST', 'sys/quotas/rate-limit/few', {
      body: { rate: 2, interval: '1s' },
    });
    assert.equal(limit.status, 204, limit.text);
    for (let i = 0; i < 4; i++) assert.equal((await client.secrets.get('LIMITED')).value, 'v');
    assert.ok(statuses.includes(429), `no limit was met: ${statuses}`);
    let refused: unknown;
    for (let i = 0; i < 6 && !refused; i++)
      await client.secrets.update('LIMITED', { value: `${i}` }).catch((error: unknown) => {
        refused = error;
      });
    assert.ok(refused instanceof ProblemError && refused.status === 429, 'a change is left to its caller');
  } finally {
    await server.stop();
  }
});
