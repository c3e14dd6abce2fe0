import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runCommandLine } from './main.ts';
import {
  type Answer,
  answerMounts,
  envelope,
  type LoopbackServer,
  type SeenRequest,
  startLoopbackServer,
} from './testing/loopback-server.ts';
import { type Outcome, type RunOptions, runInProcess } from './testing/run-in-process.ts';

const secretText =
  '{"request_id":"1","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"big":12345678901234567890,"k":"v"},' +
  '"metadata":{"created_time":"2026-11-22T04:05:36Z","custom_metadata":null,"deletion_time":"","destroyed":false,"version":9}},' +
  '"wrap_info":null,"warnings":null,"auth":null}';

let server: LoopbackServer;
before(async () => {
  server = await startLoopbackServer(answer);
});
after(() => server.close());

let failures = 0;

function answer(request: SeenRequest): Answer {
  const mounts = answerMounts(request);
  if (mounts) return mounts;
  const [where = ''] = request.url.split('?');
  switch (`${request.method} ${where}`) {
    case 'GET /v1/secret/data/a':
      return { body: secretText };
    case 'PUT /v1/secret/data/a':
      return { body: envelope({ data: { version: 10, custom_metadata: null } }) };
    case 'GET /v1/secret/data/deleted':
      return {
        status: 404,
        body: envelope({ data: { data: null, metadata: { version: 3, destroyed: true } } }),
      };
    case 'GET /v1/old/a':
      return { body: envelope({ lease_duration: 2764800, data: { k: 'v' } }) };
    case 'PUT /v1/old/a':
      return { status: 204 };
    case 'GET /v1/denied':
      return { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } };
    case 'PUT /v1/secret/wrong':
      return {
        status: 404,
        body: envelope({ warnings: ['Invalid path for a versioned K/V secrets engine.'] }),
      };
    case 'GET /v1/broken':
      failures++;
      return failures % 2 === 1
        ? { status: 500, body: { errors: ['try again'] } }
        : { body: envelope({ data: { ok: 1 } }) };
    case 'GET /v1/proxy':
      return { status: 400, body: 'Client sent an HTTP request to an HTTPS server.\n' };
    case 'GET /v1/moved':
      return { status: 307, headers: { Location: '/v1/old/a' } };
    default:
      return { status: 404, body: { errors: [] } };
  }
}

function coffer(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runInProcess(argv, {
    ...options,
    environment: { COFFER_ADDR: server.address, ...options.environment },
  });
}

test('a read prints its table on standard output and exits with 0', async () => {
  const { exitCode, out, err } = await coffer(['read', 'old/a']);
  assert.equal(
    out,
    'Key                 Value\n---                 -----\nrefresh_interval    768h\nk                   v\n',
  );
  assert.equal(err, '');
  assert.equal(exitCode, 0);
});

test('kv get shows path, metadata and data of a versioned secret', async () => {
  const { out } = await coffer(['kv', 'get', 'secret/a']);
  assert.match(out, /^== Secret Path ==\nsecret\/data\/a\n\n======= Metadata =======\nKey /);
  assert.match(
    out,
    /\nversion {12}9\n\n=+ Data =+\nKey {4}Value\n--- {4}-----\nbig {4}12345678901234567890\nk {6}v\n$/,
  );
});

test('a store without versions is read and written at its own path', async () => {
  assert.match((await coffer(['kv', 'get', 'old/a'])).out, /^== Data ==\n/);
  assert.equal(
    (await coffer(['kv', 'put', '-mount=old', 'a', 'k=v'])).out,
    'Success! Data written to: old/a\n',
  );
  assert.equal(server.seen.at(-1)?.body, '{"k":"v"}');
});

test('a large number goes out and comes back as it was written', async () => {
  assert.equal((await coffer(['kv', 'get', '-field=big', 'secret/a'])).out, '12345678901234567890');
  await coffer(['kv', 'put', 'secret/a', '-'], { input: '{"big":12345678901234567890}' });
  assert.equal(server.seen.at(-1)?.body, '{"data":{"big":12345678901234567890},"options":{}}');
});

test('-field ends with a newline on a terminal only', async () => {
  assert.equal((await coffer(['kv', 'get', '-field=k', 'secret/a'])).out, 'v');
  assert.equal((await coffer(['kv', 'get', '-field=k', 'secret/a'], { onTerminal: true })).out, 'v\n');
});

test('a missing field is a local mistake and a missing secret the server’s no', async () => {
  const field = await coffer(['kv', 'get', '-field=nope', 'secret/a']);
  assert.deepEqual([field.exitCode, field.err], [1, 'Field "nope" not present in secret\n']);
  const secret = await coffer(['kv', 'get', 'secret/none']);
  assert.deepEqual([secret.exitCode, secret.err], [2, 'No value found at secret/data/none\n']);
});

test('a deleted version shows its metadata, and has no field', async () => {
  assert.match((await coffer(['kv', 'get', 'secret/deleted'])).out, /destroyed {4}true/);
  const { exitCode, err } = await coffer(['kv', 'get', '-field=k', 'secret/deleted']);
  assert.deepEqual([exitCode, err], [2, 'No data found at secret/data/deleted\n']);
});

test('what the server refuses names the request and its reasons, on standard error', async () => {
  const { exitCode, out, err } = await coffer(['read', 'denied']);
  assert.equal(exitCode, 2);
  assert.equal(out, '');
  assert.equal(
    err,
    `Error reading denied: Error making API request.\n\nURL: GET ${server.address}/v1/denied\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n\n\n`,
  );
});

test('the namespace stands in the header and in errors', async () => {
  const { err } = await coffer(['read', '-ns=team/a/', 'denied']);
  assert.match(err, /request\.\n\nNamespace: team\/a\/\nURL: GET/);
  assert.equal(server.seen.at(-1)?.headers['x-vault-namespace'], 'team/a/');
});

test('warnings that come with an error are shown after it', async () => {
  const { exitCode, err } = await coffer(['write', 'secret/wrong', 'a=b']);
  assert.equal(exitCode, 2);
  assert.match(
    err,
    /Code: 404\. Errors:\n\n\nWARNING! The following warnings were returned from Vault:\n\n {2}\* Invalid path/,
  );
});

test('an answer that is not the API’s is shown as it came', async () => {
  const { exitCode, err } = await coffer(['read', 'proxy']);
  assert.equal(exitCode, 2);
  assert.match(err, /Code: 400\. Raw Message:\n\nClient sent an HTTP request to an HTTPS server\.\n/);
});

test('a 5xx is tried again, as often as MAX_RETRIES says', async () => {
  failures = 0;
  assert.equal((await coffer(['read', '-field=ok', 'broken'])).out, '1');
  failures = 0;
  const { exitCode } = await coffer(['read', 'broken'], { environment: { VAULT_MAX_RETRIES: '0' } });
  assert.equal(exitCode, 2);
});

test('a redirect is followed once', async () => {
  assert.equal((await coffer(['read', '-field=k', 'moved'])).out, 'v');
});

test('a server that is not there is said to be refused, with a hint', async () => {
  const { exitCode, err } = await coffer(['read', 'a'], {
    environment: { COFFER_ADDR: 'http://127.0.0.1:1', COFFER_MAX_RETRIES: '0' },
  });
  assert.equal(exitCode, 2);
  assert.match(
    err,
    /^Error reading a: GET http:\/\/127\.0\.0\.1:1\/v1\/a: connection refused.*\nIs the server running/,
  );
});

test('status exits with 1 when there is no server', async () => {
  const environment = { COFFER_ADDR: 'http://127.0.0.1:1', COFFER_MAX_RETRIES: '0' };
  assert.equal((await coffer(['status'], { environment })).exitCode, 1);
});

test('COFFER_ variables win over VAULT_ and BAO_ ones, and flags over all', async () => {
  const token = async (environment: Record<string, string>, ...flags: string[]): Promise<unknown> => {
    await coffer(['read', ...flags, 'old/a'], { environment });
    return server.seen.at(-1)?.headers['x-vault-token'];
  };
  assert.equal(await token({ BAO_TOKEN: 'b' }), 'b');
  assert.equal(await token({ BAO_TOKEN: 'b', VAULT_TOKEN: 'v' }), 'v');
  assert.equal(await token({ BAO_TOKEN: 'b', VAULT_TOKEN: 'v', COFFER_TOKEN: 'c' }), 'c');
  assert.equal(await token({ VAULT_TOKEN: 'v', COFFER_TOKEN: '' }), 'v');
  const away = { COFFER_ADDR: 'http://127.0.0.1:1' };
  assert.equal(
    (await coffer(['read', `-address=${server.address}`, 'old/a'], { environment: away })).exitCode,
    0,
  );
});

test('every request says that it comes from a client, and carries no content type without a body', async () => {
  await coffer(['read', 'old/a']);
  const headers = server.seen.at(-1)?.headers ?? {};
  assert.equal(headers['x-vault-request'], 'true');
  assert.equal(headers['content-type'], undefined);
});

test('the stored token is read from .coffer-token, then from .vault-token', async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-token-'));
  const tokenFrom = async (): Promise<string> =>
    (await coffer(['print', 'token'], { environment: { HOME: home } })).out;
  assert.equal(await tokenFrom(), '\n');
  fs.writeFileSync(path.join(home, '.vault-token'), 'from-vault\n');
  assert.equal(await tokenFrom(), 'from-vault\n');
  fs.writeFileSync(path.join(home, '.coffer-token'), 'from-coffer');
  assert.equal(await tokenFrom(), 'from-coffer\n');
  fs.rmSync(home, { recursive: true });
});

test('local mistakes exit with 1 before anything is sent', async () => {
  const before = server.seen.length;
  for (const argv of [
    ['kv', 'put', 'secret/a'],
    ['kv', 'put', 'secret/a', 'novalue'],
    ['kv', 'get'],
    ['kv', 'get', 'a', 'b'],
    ['kv', 'get', '-version=x', 'secret/a'],
    ['read', '-format=bogus', 'a'],
    ['kv', 'get', '-format=raw', 'secret/a'],
    ['write', 'a'],
    ['read', '-bogus', 'a'],
    ['read', '-header=nokey', 'a'],
    ['read', '-client-cert=x', 'a'],
    ['kv', 'bogus'],
    ['kv'],
    ['lease', 'revoke', '-force', 'x'],
    ['token', 'revoke'],
    ['read', '../a'],
  ])
    assert.equal((await coffer(argv)).exitCode, 1, argv.join(' '));
  assert.equal(server.seen.length, before);
});

test('a word that is no command exits with 127 and suggests the one meant', async () => {
  const { exitCode, err, out } = await coffer(['sercets', 'list']);
  assert.equal(exitCode, 127);
  assert.equal(out, '');
  assert.match(err, /Did you mean `coffer secrets`\?/);
  assert.equal((await coffer([])).exitCode, 127);
  assert.equal((await coffer(['-bogus'])).exitCode, 127);
});

test('a mistyped flag suggests the one meant and does not repeat its value', async () => {
  const { err } = await coffer(['kv', 'get', '-feild=hunter2', 'secret/a']);
  assert.match(err, /Did you mean -field\?/);
  assert.doesNotMatch(err, /hunter2/);
});

test('a:b is the command a b', async () => {
  assert.equal((await coffer(['kv:get', '-field=k', 'secret/a'])).out, 'v');
  assert.equal((await coffer(['token:revoke'])).exitCode, 1);
});

test('start and server are handed over with all of their words', async () => {
  assert.equal((await coffer(['server', '-dev', '-x'])).out, 'server asked to run: server -dev -x\n');
  assert.equal((await coffer(['help', 'start'])).out, 'server asked to run: start -help\n');
});

test('-output-curl-string sends nothing and shows a reference instead of the token', async () => {
  const before = server.seen.length;
  const { exitCode, out } = await coffer(['write', '-output-curl-string', 'old/a', "k=it's"], {
    environment: { COFFER_TOKEN: 's3cr3t' },
  });
  assert.equal(exitCode, 0);
  assert.equal(
    out,
    `curl -X PUT -H "X-Vault-Request: true" -H "X-Vault-Token: $(coffer print token)" -d '{"k":"it'"'"'s"}' "${server.address}/v1/old/a"\n`,
  );
  assert.equal(server.seen.length, before);
});

test('a curl string cannot be made to run a command by what stands in a path or a header', async () => {
  const { out } = await coffer(['read', '-output-curl-string', '-header=X-A=$(id)`id`"', 'a/$(id)`id`"']);
  assert.doesNotMatch(out, /[^\\]\$\(id\)|[^\\]`id/);
});

test('-output-policy says what the request needs', async () => {
  const policy = async (...argv: string[]): Promise<string> => (await coffer(argv)).out;
  assert.equal(await policy('list', '-output-policy', 'a/'), 'path "a" {\n  capabilities = ["list"]\n}\n');
  assert.equal(
    await policy('write', '-output-policy', 'a', 'k=v'),
    'path "a" {\n  capabilities = ["create", "update"]\n}\n',
  );
  assert.equal(
    await policy('read', '-output-policy', 'sys/raw/x'),
    'path "sys/raw/x" {\n  capabilities = ["read", "sudo"]\n}\n',
  );
});

test('no token and no value given stands in any error', async () => {
  const marks = { COFFER_TOKEN: 'canary-token' };
  for (const argv of [
    ['read', 'denied'],
    ['write', 'denied', 'password=canary-value'],
    ['kv', 'put', 'nomount/a', 'password=canary-value'],
    ['kv', 'put', 'secret/none', 'canary-value'],
    ['write', 'denied', 'a=@/nonexistent', 'b=canary-value'],
    ['login', 'canary-value'],
    ['operator', 'unseal', 'canary-value'],
  ]) {
    const { exitCode, out, err } = await coffer(argv, { environment: { ...marks, COFFER_MAX_RETRIES: '0' } });
    assert.notEqual(exitCode, 0, argv.join(' '));
    assert.doesNotMatch(out + err, /canary/, argv.join(' '));
  }
});

test('errors and warnings are coloured on a terminal that wants colour, and nowhere else', async () => {
  assert.match(
    (await coffer(['read', 'none'], { onTerminal: true })).err,
    /^\x1b\[91mNo value found at none\x1b\[0m\n$/,
  );
  for (const [name, value] of [
    ['NO_COLOR', '1'],
    ['VAULT_CLI_NO_COLOR', '1'],
    ['TERM', 'dumb'],
  ] as const)
    assert.equal(
      (await coffer(['read', 'none'], { onTerminal: true, environment: { [name]: value } })).err,
      'No value found at none\n',
    );
});

test('an unseal key is asked for on a terminal and sent without its line end', async () => {
  await coffer(['operator', 'unseal'], { onTerminal: true, typed: 'the-key' });
  const unseal = server.seen.findLast((request) => request.url === '/v1/sys/unseal');
  assert.equal(unseal?.body, '{"key":"the-key"}');
  const piped = await coffer(['operator', 'unseal']);
  assert.equal(piped.out, 'Unseal Key (will be hidden): \n');
  assert.equal(piped.exitCode, 1);
});

test('a defect of the program is one sentence and no stack', async () => {
  let err = '';
  const exitCode = await runCommandLine({
    argv: ['version'],
    environment: {},
    terminal: {
      out: () => {
        throw new RangeError('boom');
      },
      err: (text) => {
        err += text;
      },
      outIsTerminal: false,
      errIsTerminal: false,
      inIsTerminal: false,
      readInput: () => '',
      askHidden: async () => '',
    },
    runServer: async () => 0,
  });
  assert.equal(exitCode, 1);
  assert.match(err, /^Coffer failed unexpectedly: RangeError: boom\nThis is a defect\./);
  assert.doesNotMatch(err, /\n\s+at /);
});
