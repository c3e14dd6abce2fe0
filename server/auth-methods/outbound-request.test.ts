import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { makeDevelopmentCertificate } from '../start-up/development/development-certificate.ts';
import { matchesGlob } from './matches-glob.ts';
import { fetchObject, isServiceUrl } from './outbound-request.ts';

describe('a request to the outside', () => {
  let server: Server;
  let ca: string;
  let url: string;

  before(async () => {
    const made = await makeDevelopmentCertificate(['keys.example'], Date.now());
    ca = made.authority;
    server = createServer({ cert: made.certificate, key: made.privateKey }, (request, response) => {
      response.end(request.url === '/list' ? '[]' : '{"a":1}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address && typeof address !== 'string');
    url = `https://127.0.0.1:${address.port}/`;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('goes only to a server whose certificate has the host’s name, or one of those allowed', async () => {
    const refused = (error: unknown) => error instanceof Error && !error.message.includes('127.0.0.1');
    await assert.rejects(fetchObject({ url, ca }), refused);
    await assert.rejects(fetchObject({ url, ca, serverNames: ['other.example'] }), refused);
    await assert.rejects(
      fetchObject({ url, serverNames: ['keys.example'] }),
      refused,
      'an unknown authority',
    );
    assert.deepEqual(await fetchObject({ url, ca, serverNames: ['other.example', 'keys.example'] }), {
      a: 1,
    });
  });

  test('an answer that is no object is refused', async () => {
    await assert.rejects(
      fetchObject({ url: `${url}list`, ca, serverNames: ['keys.example'] }),
      /the answer is no JSON object/,
    );
  });

  test('only http and https without credentials are addresses', () => {
    for (const wrong of [
      '',
      'x',
      '//a',
      'file:///a',
      'ftp://a',
      'http://u:p@a',
      'http://u@a',
      'javascript:x',
    ])
      assert.equal(isServiceUrl(wrong), false, wrong);
    for (const right of ['http://a', 'https://[::1]:1/x']) assert.equal(isServiceUrl(right), true);
  });
});

test('a glob stands for the whole text, with stars for any characters', () => {
  const cases: [string, string, boolean][] = [
    ['*', '', true],
    ['*', 'a/b', true],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a*', 'ab', true],
    ['*b', 'ab', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['ab*ba', 'aba', false],
    ['a*a', 'a', false],
    ['**', 'x', true],
    ['a.c', 'abc', false],
    ['', '', true],
    ['', 'a', false],
  ];
  for (const [pattern, text, expected] of cases)
    assert.equal(matchesGlob(pattern, text), expected, `${pattern} ${text}`);
  assert.equal(matchesGlob(`${'*a'.repeat(5000)}b`, 'a'.repeat(50_000)), false);
});
