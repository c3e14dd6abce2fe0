import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../start-server.ts';
import { type Call, isLinearizable } from './linearizable.ts';

/** What a client asks of one secret; `cas` counts from the newest version that the client has seen. */
type Wish = { readonly type: 'read' | 'write' | 'delete' } | { readonly type: 'cas'; readonly from: number };
/** A request and its answer: `version` is what a write made, or what a read found. */
type Op =
  | { readonly type: 'write'; readonly cas?: number; readonly text: string; readonly version: number }
  | { readonly type: 'refused'; readonly cas: number }
  | { readonly type: 'read'; readonly text: string | null; readonly version: number }
  | { readonly type: 'delete' };
/** The newest version, 0 for none, and what it holds. */
type State = readonly [version: number, text: string | null];

function next([version, text]: State, op: Op): State | undefined {
  switch (op.type) {
    case 'read':
      return op.version === version && op.text === text ? [version, text] : undefined;
    case 'delete':
      return [version, null];
    case 'refused':
      return op.cas === version ? undefined : [version, text];
    case 'write':
      if (op.version !== version + 1 || (op.cas !== undefined && op.cas !== version)) return undefined;
      return [op.version, op.text];
  }
}

const wish = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Wish>({ type: 'read' }) },
  { weight: 1, arbitrary: fc.constant<Wish>({ type: 'write' }) },
  { weight: 1, arbitrary: fc.constant<Wish>({ type: 'delete' }) },
  { weight: 5, arbitrary: fc.constantFrom(0, 0, 0, -1, 1).map((from): Wish => ({ type: 'cas', from })) },
);
const clients = fc.array(fc.array(wish, { minLength: 12, maxLength: 20 }), { minLength: 3, maxLength: 6 });

describe('several clients at one secret', () => {
  let server: TestServer;
  let time = 0;
  let secrets = 0;
  let texts = 0;
  before(async () => {
    server = await startTestServer({ storage: 'sqlite' });
  });
  after(() => server.stop());

  async function request(path: string, todo: Wish, seen: number): Promise<Op> {
    if (todo.type === 'read') {
      const { body, status } = await server.call('GET', path);
      assert.ok(status === 200 || status === 404, `${status}`);
      const { data, metadata } = { data: undefined, metadata: undefined, ...body.data };
      const { version } = { version: 0, ...Object(metadata) };
      const { text } = { text: null, ...Object(data) };
      return { type: 'read', version: Number(version), text: text === null ? null : String(text) };
    }
    if (todo.type === 'delete') {
      assert.equal((await server.call('DELETE', path)).status, 204);
      return { type: 'delete' };
    }
    const text = `text ${++texts}`;
    const cas = todo.type === 'cas' ? Math.max(0, seen + todo.from) : undefined;
    const options = cas === undefined ? {} : { cas };
    const answer = await server.call('POST', path, { body: { data: { text }, options } });
    if (answer.status === 400 && cas !== undefined) {
      assert.match(answer.text, /check-and-set parameter did not match/);
      return { type: 'refused', cas };
    }
    assert.equal(answer.status, 200, answer.text);
    return { type: 'write', text, version: Number(answer.body.data?.['version']), ...options };
  }

  test('see one secret: versions, check-and-set and reads have an order that explains them all', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(clients, async (plans) => {
        const path = `secret/data/shared-${++secrets}`;
        const history: Call<Op>[] = [];
        const play = async (plan: readonly Wish[]) => {
          let seen = 0;
          for (const todo of plan) {
            const sent = ++time;
            const op = await request(path, todo, seen);
            history.push({ sent, answered: ++time, op });
            if ('version' in op) seen = op.version;
            if (op.type === 'refused') refused++;
          }
        };
        await Promise.all(plans.map(play));
        assert.ok(isLinearizable<State, Op>(history, [0, null], next), JSON.stringify(history));
      }),
      { numRuns: 12, seed: 4 },
    );
    assert.ok(refused > 50, `${refused} writes met another's`);
  });

  test('count together without losing one, when each tries until its check-and-set holds', async () => {
    const path = 'secret/data/counter';
    const add = async () => {
      for (;;) {
        const { body } = await server.call('GET', path);
        const { data, metadata } = { data: { n: 0 }, metadata: { version: 0 }, ...body.data };
        const to = { data: { n: data.n + 1 }, options: { cas: metadata.version } };
        if ((await server.call('POST', path, { body: to })).status === 200) return;
      }
    };
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let n = 0; n < 8; n++) await add();
      }),
    );
    const { body } = await server.call('GET', path);
    assert.partialDeepStrictEqual(body.data, { data: { n: 48 }, metadata: { version: 48 } });
  });
});
