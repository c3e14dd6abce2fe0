import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { declaredPaths, filled, mountEverything } from '../declared-paths.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({ configuration: { raw_storage_endpoint: true } });
  await mountEverything(server.call);
});
after(() => server.stop());

/** Shorter than this, a text says nothing that the path does not say itself. */
const shortest = { synopsis: 10, description: 20 };

test('every declared path explains itself: what it is for, its parameters, and what happens', async () => {
  const paths = (await declaredPaths(server)).filter(({ route }) => route !== '');
  assert.ok(paths.length > 150, String(paths.length));
  const lacking: string[] = [];
  for (const path of paths) {
    const at = filled(path, 'a');
    const { status, body } = await server.call('GET', `${at}?help=1`);
    if (status !== 200) {
      lacking.push(`${at}: ${status}`);
      continue;
    }
    assert.deepEqual(Object.keys(body).sort(), ['help', 'openapi', 'see_also'], at);
    const help = String(body['help']);
    const [head = '', description = ''] = help.split('\n## DESCRIPTION\n\n');
    const found = /^Request: {8}(.*)\nMatching Route: \^.*\$\n\n(.*)\n/.exec(head);
    const synopsis = found?.[2] ?? '';
    if (synopsis.length < shortest.synopsis) lacking.push(`${at}: synopsis "${synopsis}"`);
    if (description.length < shortest.description || description === synopsis)
      lacking.push(`${at}: description "${description}"`);
    for (const field of [...path.parameters, ...path.fields])
      if (!new RegExp(`^ {4}${field} \\([a-z-]+\\)\n {8}\\S.*$`, 'm').test(head))
        lacking.push(`${at}: parameter ${field}`);
  }
  assert.deepEqual(lacking, [], 'say more in the help of these declarations');
});

test('a mount lists its paths with what each is for', async () => {
  const { body } = await server.call('GET', 'secret?help=1');
  const help = String(body['help']);
  assert.match(help, /^## secret\/\n/);
  for (const path of (await declaredPaths(server)).filter(({ mount }) => mount === 'secret/'))
    assert.ok(help.includes(path.synopsis), path.synopsis);
});

test('help needs a token and no policy, as in Vault', async () => {
  const made = await server.call('POST', 'auth/token/create', {
    body: { policies: ['none'], no_default_policy: true },
  });
  const token = String(made.body.auth?.['client_token']);
  assert.equal((await server.call('GET', 'secret/data/a?help=1', { token })).status, 200);
  assert.equal((await server.call('GET', 'secret/data/a?help=1', { token: null })).status, 403);
});
