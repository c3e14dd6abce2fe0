import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  type DeclaredField,
  type DeclaredOperation,
  type DeclaredPath,
  declaredPaths,
  filled,
  mountEverything,
} from '../declared-paths.ts';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';
import {
  type Condition,
  type Expectation,
  nameOf,
  type Row,
  renderSurface,
  surfaceFile,
  surfaceOf,
  writeSurface,
} from './surface.ts';

const wrapped = '1 error occurred:\n\t* permission denied\n\n';
const mergePatch = { 'Content-Type': 'application/merge-patch+json' };

let server: TestServer;
let sealed: TestServer;
let powerless: string;
let foreign: string;
let paths: readonly DeclaredPath[];
before(async () => {
  server = await startTestServer();
  sealed = await startTestServer({ isSealed: true });
  const shares = { secret_shares: 1, secret_threshold: 1 };
  assert.equal((await sealed.call('POST', 'sys/init', { body: shares })).status, 200);
  await mountEverything(server.call);
  await server.call('POST', 'sys/namespaces/ns', { body: {} });
  powerless = await tokenOf('');
  foreign = await tokenOf('ns');
  paths = await declaredPaths(server);
});
after(async () => {
  await server.stop();
  await sealed.stop();
});

async function tokenOf(namespace: string): Promise<string> {
  const body = { policies: ['none'], no_default_policy: true };
  const made = await server.call('POST', 'auth/token/create', { namespace, body });
  return String(made.body.auth?.['client_token']);
}

/** What an answer is, in the words of the table. */
function isAsExpected(answer: CallAnswer, expectation: Expectation, field: string): boolean {
  const { status, body } = answer;
  if (expectation === 'warned') {
    // What is wrong with the rest of the request is another test's; a success has to warn.
    if (status >= 500) return false;
    return status >= 300 || (body.warnings ?? []).some((text) => text.includes(field));
  }
  const [code, shape] = expectation.split(' ');
  const errors = body.errors ?? [];
  const hasShape =
    shape === 'bare'
      ? errors.length === 1 && !String(errors[0]).startsWith('1 error occurred')
      : shape === 'wrapped'
        ? errors[0] === wrapped
        : shape === 'named'
          ? errors.some((text) => text.includes(field))
          : errors.length > 0;
  return String(status) === code && hasShape;
}

/** A value that no reading of the field's type takes. */
function wrongFor({ type, format }: DeclaredField): unknown {
  if (type === 'object') return format === 'kvpairs' ? { a: {} } : 5;
  return type === 'array' ? [{ a: 1 }] : { a: 1 };
}

async function ask(
  path: DeclaredPath,
  { method, body }: DeclaredOperation,
  condition: Condition,
): Promise<{ readonly answer: CallAnswer; readonly field: string }> {
  const at = filled(path, 'a');
  const isWrite = method === 'POST' || method === 'PATCH';
  const empty = isWrite ? { body: {}, headers: mergePatch } : {};
  const typed = body.find(({ type }) => type !== undefined);
  switch (condition) {
    case 'unauthenticated':
      return { answer: await server.call(method, at, { ...empty, token: null }), field: '' };
    case 'wrong policy':
      return { answer: await server.call(method, at, { ...empty, token: powerless }), field: '' };
    case 'foreign namespace':
      return { answer: await server.call(method, at, { ...empty, token: foreign }), field: '' };
    case 'sealed':
      return { answer: await sealed.call(method, at, { ...empty, token: 'hvs.any' }), field: '' };
    case 'malformed body':
      return { answer: await server.call(method, at, { headers: mergePatch, body: '{"a":' }), field: '' };
    case 'wrong type': {
      const field = typed?.name ?? '';
      const sent = { [field]: typed && wrongFor(typed) };
      return { answer: await server.call(method, at, { headers: mergePatch, body: sent }), field };
    }
    case 'unknown field': {
      const field = 'no_such_field';
      return { answer: await server.call(method, at, { headers: mergePatch, body: { [field]: 1 } }), field };
    }
  }
}

/** An unknown field is no reason to refuse, so these would do what they say. */
function isLasting(name: string): boolean {
  return /^POST (?:sys\/(?:seal$|step-down|rotate|init|rekey|generate-root|namespaces\/api-lock|loggers)|auth\/token\/revoke-self)/.test(
    name,
  );
}

test('every path, verb and way to be wrong is answered as the table says', async () => {
  const surface = surfaceOf(paths);
  assert.ok(Object.keys(surface).length > 300);
  const wrong: string[] = [];
  for (const path of paths) {
    for (const operation of path.operations) {
      const name = nameOf(path, operation);
      const row: Row | undefined = surface[name];
      for (const [condition, expectation] of Object.entries(row ?? {}) as [Condition, Expectation][]) {
        if (expectation === 'open' || expectation === '-') continue;
        if (condition === 'unknown field' && isLasting(name)) continue;
        const { answer, field } = await ask(path, operation, condition);
        if (isAsExpected(answer, expectation, field)) continue;
        wrong.push(
          `${condition}: ${name}: ${answer.status} ${answer.text.slice(0, 160)}, not ${expectation}`,
        );
      }
    }
  }
  assert.deepEqual(wrong.sort(), []);
});

test('surface.json is what the declarations and the rules make', () => {
  const made = renderSurface(surfaceOf(paths));
  if (process.env['WRITE_SURFACE']) writeSurface(surfaceOf(paths));
  assert.equal(readFileSync(surfaceFile, 'utf8'), made, 'run this test with WRITE_SURFACE=1');
});
