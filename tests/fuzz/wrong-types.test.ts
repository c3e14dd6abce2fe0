import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type DeclaredField,
  type DeclaredPath,
  declaredPaths,
  filled,
  mountEverything,
} from '../declared-paths.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

const headers = { 'Content-Type': 'application/merge-patch+json' };

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await mountEverything(server.call);
});
after(() => server.stop());

/** Values that no reading of the field's type takes. */
function wrongFor({ type, format }: DeclaredField): readonly unknown[] {
  if (type === 'string') return format === 'duration' ? ['soon', {}, [1], true] : [{ a: 1 }, [[1]]];
  if (type === 'integer' || type === 'number') return ['many', {}, [1], '\u0661'];
  if (type === 'boolean') return ['perhaps', {}, [true]];
  if (type === 'object') return format === 'kvpairs' ? [{ a: {} }, ['novalue']] : ['text', 5, [1]];
  if (type === 'array') return [{ a: 1 }, [{ a: 1 }]];
  return [];
}

/** A value of the right type, so that another field's absence does not end the request first. */
function rightFor({ type, format, allowed }: DeclaredField): unknown {
  if (allowed?.[0] !== undefined) return allowed[0];
  if (type === 'integer' || type === 'number') return 1;
  if (type === 'boolean') return true;
  if (type === 'object') return { a: 'b' };
  if (type === 'array') return [];
  return format === 'duration' ? '60s' : 'a';
}

/** Ends the server's or the test's own life when it succeeds. */
function isLasting({ mount, route }: DeclaredPath): boolean {
  return (
    (mount === 'sys/' &&
      /^(?:seal$|step-down|init|unseal|rekey|generate-root|rotate|namespaces\/api-lock|audit)/.test(route)) ||
    (mount === 'auth/token/' && /^revoke-self/.test(route))
  );
}

test('a declared field of the wrong type is refused with 400 and the name of the field', async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const path of (await declaredPaths(server)).filter((other) => !isLasting(other))) {
    for (const { method, body } of path.operations) {
      const required = Object.fromEntries(
        body.filter((field) => field.required).map((field) => [field.name, rightFor(field)]),
      );
      for (const field of body) {
        for (const value of wrongFor(field)) {
          count++;
          const sent = { ...required, [field.name]: value };
          const answer = await server.call(method, filled(path, 'a'), { headers, body: sent });
          const said = `${method} ${path.mount}${path.route} ${field.name}=${JSON.stringify(value)}: ${answer.status} ${answer.text.slice(0, 120)}`;
          if (answer.status !== 400 || !answer.text.includes(field.name)) wrong.push(said);
        }
      }
    }
  }
  assert.ok(count > 500, String(count));
  assert.deepEqual(wrong, []);
});

test('a declared field that is huge, empty or in any script is never a defect', async () => {
  const odd = [
    '',
    ' ',
    'x'.repeat(50_000),
    '\u202e\u0000\ud83d\ude00',
    'é'.normalize('NFD'),
    null,
    [],
    {},
    -1,
    1e308,
  ];
  const wrong: string[] = [];
  for (const path of (await declaredPaths(server)).filter((other) => !isLasting(other))) {
    for (const { method, body } of path.operations) {
      if (body.length === 0) continue;
      for (const value of odd) {
        const sent = Object.fromEntries(body.map(({ name }) => [name, value]));
        const answer = await server.call(method, filled(path, 'a'), { headers, body: sent });
        if (answer.status >= 500)
          wrong.push(`${method} ${path.mount}${path.route} ${String(value).slice(0, 9)}: ${answer.text}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.equal((await server.call('GET', 'sys/health')).status, 200);
});
