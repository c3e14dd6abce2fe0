import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Program, type Server } from '../end-to-end/program.ts';

const ready = /Stop with Ctrl-C/;
const children = 2600;
const atOnce = 50;

let program: Program;
beforeEach(() => {
  program = new Program();
});
afterEach(() => program.dispose());

const rootToken = () => readFileSync(join(program.home, '.coffer-token'), 'utf8').trim();

async function call(server: Server, method: string, path: string, token: string, body?: object) {
  const answer = await fetch(`${server.address}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': token },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, text };
}

async function make(server: Server, token: string, body: object): Promise<string> {
  const { status, text } = await call(server, 'POST', 'auth/token/create', token, body);
  assert.equal(status, 200, text);
  const made: { auth: { client_token: string } } = JSON.parse(text);
  return made.auth.client_token;
}

/** How many of `tokens` are still accepted. */
async function alive(server: Server, tokens: readonly string[]): Promise<number> {
  let count = 0;
  for (let at = 0; at < tokens.length; at += atOnce) {
    const some = tokens
      .slice(at, at + atOnce)
      .map((token) => call(server, 'GET', 'auth/token/lookup-self', token));
    for (const { status } of await Promise.all(some)) if (status === 200) count++;
  }
  return count;
}

test('kill -9 in the middle of a revocation of 2,600 tokens: whatever was ended stays ended, and the rest follows', async () => {
  const start = () => program.start(['start', '-address=127.0.0.1:0'], ready);
  let server = await start();
  const parent = await make(server, rootToken(), { policies: ['root'], ttl: '1h' });
  const tokens: string[] = [];
  for (let at = 0; at < children; at += atOnce) {
    const some = Array.from({ length: atOnce }, () => make(server, parent, { policies: ['default'] }));
    tokens.push(...(await Promise.all(some)));
  }
  let wasCutShort = false;
  for (let delayMs = 60; ; delayMs += 100) {
    const revoked = call(server, 'POST', 'auth/token/revoke-self', parent).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    server.child.kill('SIGKILL');
    await server.ended;
    wasCutShort ||= (await revoked) === undefined;
    server = await start();
    if ((await alive(server, [parent])) === 0) break;
    const some = tokens.filter((_, index) => index % 50 === 0);
    assert.equal(await alive(server, some), some.length, 'nothing was ended while the parent lives');
  }
  assert.ok(wasCutShort, 'the revocation was never killed');
  for (const deadline = Date.now() + 15_000; (await alive(server, tokens)) > 0; )
    assert.ok(Date.now() < deadline, 'descendants of a revoked token are accepted');
});
