import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApiError,
  CofferClient,
  type CofferClientOptions,
  ProblemError,
  type Transport,
  TransportError,
  type TransportRequest,
} from './index.ts';

interface Recorded {
  readonly seen: TransportRequest[];
  readonly transport: Transport;
}

/** A transport that answers from a list, the last answer again and again. */
function recorded(
  ...answers: {
    status?: number;
    body?: string;
    location?: string;
    retryAfter?: string;
    fails?: TransportError;
  }[]
): Recorded {
  const seen: TransportRequest[] = [];
  return {
    seen,
    transport: async (request) => {
      const answer = answers[Math.min(seen.length, answers.length - 1)] ?? {};
      seen.push(request);
      if (answer.fails) throw answer.fails;
      const headers = {
        ...(answer.location === undefined ? {} : { location: answer.location }),
        ...(answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter }),
      };
      return { status: answer.status ?? 200, headers, body: answer.body ?? '' };
    },
  };
}

function client(transport: Transport, more: CofferClientOptions = {}): CofferClient {
  return new CofferClient({
    address: 'https://coffer.test:8200/',
    token: 'hvs.x',
    maxRetries: 0,
    transport,
    ...more,
  });
}

test('a read asks for the path with the token, the namespace and the mark of a client', async () => {
  const { seen, transport } = recorded({ body: '{"data":{"k":"v"}}' });
  const secret = await client(transport, { namespace: '/team/a' }).read('/secret/data/a b', { version: '2' });
  assert.deepEqual(secret?.data, { k: 'v' });
  assert.equal(seen[0]?.url, 'https://coffer.test:8200/v1/secret/data/a%20b?version=2');
  assert.deepEqual(seen[0]?.headers, {
    'X-Vault-Request': 'true',
    'X-Vault-Namespace': 'team/a/',
    'X-Vault-Token': 'hvs.x',
  });
});

test('a path keeps its slashes, and what a URL gives a meaning is escaped', async () => {
  const { seen, transport } = recorded({ status: 204 });
  await client(transport).write('a/b?c#d%e/ü', { k: 1 });
  assert.equal(seen[0]?.url, 'https://coffer.test:8200/v1/a/b%3Fc%23d%25e/%C3%BC');
});

test('a path with two readings is refused before it is sent', async () => {
  const { seen, transport } = recorded({});
  for (const path of ['../sys/raw', 'secret/../sys', 'a/./b'])
    await assert.rejects(client(transport).read(path), /cannot hold the segments/);
  assert.equal(seen.length, 0);
});

test('nothing found is undefined, but warnings with it are not lost', async () => {
  assert.equal(await client(recorded({ status: 404, body: '{"errors":[]}' }).transport).read('a'), undefined);
  const warned = await client(
    recorded({ status: 404, body: '{"request_id":"1","warnings":["w"]}' }).transport,
  ).read('a');
  assert.deepEqual(warned?.warnings, ['w']);
});

test('an answer without an envelope is all data', async () => {
  const health = await client(recorded({ body: '{"initialized":true,"version":"1.20.0"}' }).transport).read(
    'sys/health',
  );
  assert.deepEqual(health?.data, { initialized: true, version: '1.20.0' });
  assert.equal(health?.warnings, null);
});

test('a no of the server is an ApiError with its status and reasons, in the words of Vault’s client', async () => {
  const { transport } = recorded({ status: 403, body: '{"errors":["permission denied"]}' });
  await assert.rejects(client(transport).write('a', {}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 403);
    assert.deepEqual(error.errors, ['permission denied']);
    assert.equal(
      error.message,
      'Error making API request.\n\nURL: PUT https://coffer.test:8200/v1/a\nCode: 403. Errors:\n\n* permission denied',
    );
    return true;
  });
});

test('a 5xx, a 412 and a lost connection are tried again; a no, a sealed server and a timeout are not', async () => {
  const lost = new TransportError('lost', { mayRetry: true });
  for (const answer of [{ status: 500 }, { status: 412 }, { fails: lost }]) {
    const { seen, transport } = recorded(answer, { body: '{"data":{}}' });
    await client(transport, { maxRetries: 1, retryWaitMilliseconds: 1 }).read('a');
    assert.equal(seen.length, 2);
  }
  const timeout = new TransportError('late', { mayRetry: false });
  const sealed = { status: 503, body: '{"errors":["Vault is sealed"]}' };
  for (const answer of [{ status: 403 }, { status: 501 }, sealed, { fails: timeout }]) {
    const { seen, transport } = recorded(answer);
    await assert.rejects(client(transport, { maxRetries: 2 }).read('a'));
    assert.equal(seen.length, 1, JSON.stringify(answer));
  }
});

test('one redirect is followed with the token, none from https to http', async () => {
  const { seen, transport } = recorded(
    { status: 307, location: 'https://other.test/v1/a' },
    { body: '{"data":{}}' },
  );
  await client(transport).read('a');
  assert.equal(seen[1]?.url, 'https://other.test/v1/a');
  assert.equal(seen[1]?.headers['X-Vault-Token'], 'hvs.x');
  const down = recorded({ status: 307, location: 'http://other.test/v1/a' });
  await assert.rejects(client(down.transport).read('a'), /https to http/);
  assert.equal(down.seen.length, 1);
});

test('a patch is a JSON merge patch and a list a read with list=true', async () => {
  const { seen, transport } = recorded({ body: '{"data":{"keys":["a"]}}' });
  await client(transport).patch('a', { k: null });
  assert.equal(seen[0]?.headers['Content-Type'], 'application/merge-patch+json');
  assert.equal(seen[0]?.body, '{"k":null}');
  await client(transport).list('a/');
  assert.equal(seen[1]?.url, 'https://coffer.test:8200/v1/a/?list=true');
});

test('an error holds neither the token nor the body that was sent', async () => {
  const { transport } = recorded({ status: 400, body: '{"errors":["no"]}' });
  await assert.rejects(client(transport).write('a', { password: 'canary' }), (error: Error) => {
    assert.doesNotMatch(`${error.message}${error.stack}${JSON.stringify(error)}`, /canary|hvs\.x/);
    return true;
  });
});

test('a read waits and asks again when it is told to come later; what changes something does not', async () => {
  const patient = { maxRetries: 2, retryWaitMilliseconds: 1 };
  const late = { status: 429, retryAfter: '0', body: '{}' };
  const good = { body: '{"name":"A","value":"v","secrets":{"A":{"name":"A","value":"v"}}}' };
  for (const first of [late, { ...late, status: 503 }]) {
    const one = recorded(first, first, good);
    assert.equal((await client(one.transport, patient).secrets.get('A')).value, 'v');
    assert.equal(one.seen.length, 3);
    const batch = recorded(first, good);
    assert.equal((await client(batch.transport, patient).secrets.batchGet(['A']))['A'], 'v');
    assert.equal(batch.seen.length, 2);
    for (const change of [
      (some: CofferClient) => some.secrets.create({ name: 'A', value: 'v' }),
      (some: CofferClient) => some.secrets.update('A', { value: 'v' }),
      (some: CofferClient) => some.secrets.rollback('A'),
      (some: CofferClient) => some.secrets.delete('A'),
    ]) {
      const { seen, transport } = recorded(first, good);
      await assert.rejects(change(client(transport, patient)), ProblemError);
      assert.equal(seen.length, 1);
    }
  }
  const write = recorded(late, good);
  await assert.rejects(client(write.transport, patient).write('a', {}), ApiError);
  assert.equal(write.seen.length, 1);
});

test('tries are bounded, and so is the wait that a server may ask for', async () => {
  const { seen, transport } = recorded({ status: 429, retryAfter: '0' });
  await assert.rejects(client(transport, { maxRetries: 3, retryWaitMilliseconds: 1 }).read('a'), ApiError);
  assert.equal(seen.length, 4);
  const long = recorded({ status: 429, retryAfter: '31' });
  await assert.rejects(client(long.transport, { maxRetries: 3 }).read('a'), ApiError);
  assert.equal(long.seen.length, 1);
});
