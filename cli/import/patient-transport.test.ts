import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Transport, TransportError, type TransportResponse } from '../../sdk/transport.ts';
import { patientTransport } from './patient-transport.ts';

const request = { method: 'GET', url: 'http://127.0.0.1/v1/x', headers: {}, timeoutMilliseconds: 1000 };
const answer = (status: number, retryAfter?: string, body = ''): TransportResponse => ({
  status,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  body,
});

/** Sends the answers one after the other; tells what came of it, how long was waited, and how many were left. */
async function tried(
  ...answers: (TransportResponse | Error)[]
): Promise<{ status: number; waits: number[]; left: number }> {
  const waits: number[] = [];
  const send: Transport = async () => {
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next ?? answer(599);
  };
  const patient = patientTransport(send, {
    retries: 3,
    firstWaitMilliseconds: 100,
    wait: async (milliseconds) => void waits.push(milliseconds),
  });
  const { status } = await patient(request).catch(() => ({ status: 0 }));
  return { status, waits, left: answers.length };
}

describe('a request that may come twice', () => {
  it('is sent again with growing pauses after 429, a 5xx and a lost connection', async () => {
    const lost = new TransportError('closed', { mayRetry: true });
    const { status, waits } = await tried(answer(429), answer(502), lost, answer(200));
    assert.equal(status, 200);
    waits.forEach((wait, at) => {
      assert.ok(wait >= 50 * 2 ** at && wait <= 100 * 2 ** at, `pause ${at}: ${wait}`);
    });
    assert.equal(waits.length, 3);
  });

  it('waits as long as the server says, but no longer than a minute', async () => {
    assert.deepEqual(
      (await tried(answer(429, '7'), answer(429, '99999'), answer(200))).waits,
      [7000, 60_000],
    );
  });

  it('is given up after its retries, and at once when waiting does not help', async () => {
    const failing = Array.from({ length: 9 }, () => answer(503));
    assert.deepEqual((await tried(...failing)).left, 5);
    for (const hopeless of [answer(403), answer(501), answer(503, undefined, 'Vault is sealed')])
      assert.deepEqual(await tried(hopeless, answer(200)), { status: hopeless.status, waits: [], left: 1 });
    assert.equal((await tried(new TransportError('tls', { mayRetry: false }), answer(200))).left, 1);
  });
});
