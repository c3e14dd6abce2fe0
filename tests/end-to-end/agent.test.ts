import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';
import { freePort, Program, type Server } from './program.ts';

let server: TestServer;
let program: Program;
let roleId = '';
const value = 'sk-canary-1';

before(async () => {
  server = await startTestServer();
  program = new Program();
  await server.call('POST', 'sys/auth/approle', { body: { type: 'approle' } });
  const rules = `path "secret/data/*" { capabilities = ["read", "list", "subscribe"] subscribe_event_types = ["*"] }
    path "auth/token/create" { capabilities = ["update"] }
    path "sys/events/subscribe/*" { capabilities = ["read"] }`;
  await server.call('POST', 'sys/policies/acl/app', { body: { policy: rules } });
  await server.call('POST', 'auth/approle/role/app', { body: { token_policies: 'app', token_ttl: '1h' } });
  const role = await server.call('GET', 'auth/approle/role/app/role-id');
  roleId = String(role.body.data?.['role_id']);
});
after(async () => {
  await program.dispose();
  await server.stop();
});

interface Place {
  readonly folder: string;
  readonly config: string;
  file(name: string): string;
  read(name: string): string;
}

/** A folder with AppRole's files and an agent.hcl of auto-auth and `more`. */
async function place(name: string, more: string): Promise<Place> {
  const folder = join(program.home, name);
  fs.mkdirSync(folder);
  const made = await server.call('POST', 'auth/approle/role/app/secret-id');
  const file = (one: string) => join(folder, one);
  fs.writeFileSync(file('role-id'), roleId);
  fs.writeFileSync(file('secret-id'), `${made.body.data?.['secret_id']}\n`);
  fs.writeFileSync(
    file('agent.hcl'),
    `vault { address = "${server.address}" }
     auto_auth {
       method "approle" {
         min_backoff = "100ms"
         config = { role_id_file_path = "${file('role-id')}", secret_id_file_path = "${file('secret-id')}" }
       }
       sink "file" { config = { path = "${file('token')}", mode = 0600 } }
     }
     ${more}`,
  );
  const read = (one: string) => fs.readFileSync(file(one), 'utf8');
  return { folder, config: file('agent.hcl'), file, read };
}

async function put(path: string, data: object): Promise<void> {
  assert.equal((await server.call('POST', `secret/data/${path}`, { body: { data } })).status, 200);
}

async function until(holds: () => boolean, agent: Server): Promise<void> {
  for (const deadline = Date.now() + 15_000; ; ) {
    try {
      if (holds()) return;
    } catch {
      // Not there yet.
    }
    if (Date.now() > deadline || agent.child.exitCode !== null) assert.fail(`${agent.out}\n${agent.err}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const start = (at: Place) =>
  program.start(['agent', `-config=${at.config}`, '-log-level=debug'], /^/, { FROM_ENV: 'env' });

describe('coffer agent', () => {
  it('logs in by AppRole files, writes token and templates once, and ends with -exit-after-auth', async () => {
    await put('one', { key: value, number: 12345678901234567890n.toString() });
    const at = await place(
      'once',
      `template {
         destination = "${join(program.home, 'once', 'new', 'config')}"
         perms = "0600"
         contents = "{{ with secret \\"secret/one\\" }}{{ .Data.data.key | toUpper }} {{ env \\"FROM_ENV\\" }}{{ end }}"
       }`,
    );
    const ended = await program.run(['agent', `-config=${at.config}`, '-exit-after-auth'], {
      FROM_ENV: 'env',
    });
    assert.equal(ended.code, 0, ended.err);
    assert.equal(at.read('new/config'), 'SK-CANARY-1 env');
    assert.equal(fs.statSync(at.file('new/config')).mode & 0o777, 0o600);
    assert.equal(fs.statSync(at.file('token')).mode & 0o777, 0o600);
    assert.equal(fs.existsSync(at.file('secret-id')), false, 'the secret id is removed once read');
    const self = await server.call('GET', 'auth/token/lookup-self', { token: at.read('token') });
    assert.deepEqual(self.body.data?.['policies'], ['app', 'default']);
    assert.doesNotMatch(ended.out + ended.err, new RegExp(`canary|${roleId}|${at.read('token')}`, 'i'));
  });

  it('takes a wrapped secret id only from the path it expects, and writes a wrapped token', async () => {
    const folder = join(program.home, 'wrapped');
    fs.mkdirSync(folder);
    const path = 'auth/approle/role/app/secret-id';
    const made = await server.call('POST', path, { headers: { 'X-Vault-Wrap-TTL': '60s' } });
    fs.writeFileSync(join(folder, 'secret-id'), String(made.body.wrap_info?.['token']));
    fs.writeFileSync(join(folder, 'role-id'), roleId);
    const configuration = (wrappingPath: string) => `vault { address = "${server.address}" }
      auto_auth {
        method { type = "approle" exit_on_err = true
          config = { role_id_file_path = "${folder}/role-id" secret_id_file_path = "${folder}/secret-id"
                     secret_id_response_wrapping_path = "${wrappingPath}" } }
        sink { type = "file" wrap_ttl = "5m" config = { path = "${folder}/token" } }
      }`;
    fs.writeFileSync(join(folder, 'agent.hcl'), configuration('auth/approle/role/other/secret-id'));
    const refused = await program.run(['agent', `-config=${folder}/agent.hcl`, '-exit-after-auth']);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /made at another path/);
    fs.writeFileSync(join(folder, 'agent.hcl'), configuration(path));
    const ended = await program.run(['agent', `-config=${folder}/agent.hcl`, '-exit-after-auth']);
    assert.equal(ended.code, 0, ended.err);
    const wrapped: { token: string; ttl: number } = JSON.parse(
      fs.readFileSync(join(folder, 'token'), 'utf8'),
    );
    assert.equal(wrapped.ttl, 300);
    const unwrapped = await server.call('POST', 'sys/wrapping/unwrap', { token: wrapped.token });
    const token = String(unwrapped.body.data?.['token']);
    assert.equal((await server.call('GET', 'auth/token/lookup-self', { token })).status, 200);
  });

  it('renders again when a secret changes, runs the command, keeps a backup, and logs in again after a revocation', async () => {
    await put('two', { key: 'first' });
    const folder = join(program.home, 'changes');
    const at = await place(
      'changes',
      `template {
         destination = "${folder}/config"
         backup = true
         contents = "key={{ with secret \\"secret/data/two\\" }}{{ .Data.data.key }}{{ end }}"
         command = "echo ran >> ${folder}/ran"
       }`,
    );
    const agent = await start(at);
    await until(() => at.read('config') === 'key=first' && at.read('ran') === 'ran\n', agent);
    await put('two', { key: 'second' });
    await until(() => at.read('config') === 'key=second' && at.read('ran') === 'ran\nran\n', agent);
    assert.equal(at.read('config.bak'), 'key=first');
    const token = at.read('token');
    await server.call('POST', 'auth/token/revoke', { body: { token } });
    await until(() => at.read('token') !== token, agent);
    await put('two', { key: 'third' });
    await until(() => at.read('config') === 'key=third', agent);
    const second = at.read('token');
    const good = at.read('agent.hcl');
    fs.writeFileSync(at.config, good.replace('{{ end }}', ''));
    agent.child.kill('SIGHUP');
    await agent.sees(/configuration not changed: .*config: template:1: unexpected EOF/, 'err');
    fs.writeFileSync(at.config, good);
    assert.equal(fs.existsSync(at.file('secret-id')), false);
    fs.writeFileSync(at.config, at.read('agent.hcl').replace('key={{', 'again={{'));
    agent.child.kill('SIGHUP');
    await until(() => at.read('config') === 'again=third', agent);
    assert.equal(at.read('token'), second, 'a reload keeps the token');
    assert.equal((await agent.stop()).code, 0);
  });

  it('makes nothing anew because something else has changed', async () => {
    await put('six', { key: 'a' });
    const at = await place(
      'made',
      `template {
         destination = "${join(program.home, 'made', 'config')}"
         contents = "{{ with secret \\"secret/data/six\\" }}{{ .Data.data.key }}{{ end }} {{ with secret \\"auth/token/create\\" \\"policies=default\\" }}{{ .Auth.Accessor }}{{ end }}"
       }`,
    );
    const agent = await start(at);
    await until(() => at.read('config').startsWith('a '), agent);
    const [, accessor] = at.read('config').split(' ');
    await put('six', { key: 'b' });
    await until(() => at.read('config').startsWith('b '), agent);
    await put('six', { key: 'c' });
    await until(() => at.read('config').startsWith('c '), agent);
    assert.equal(at.read('config'), `c ${accessor}`);
    await agent.stop();
  });

  it('leaves whole files when it is killed while it renders', async () => {
    const long = 'x'.repeat(300_000);
    await put('three', { key: '0', long });
    const folder = join(program.home, 'killed');
    const at = await place(
      'killed',
      `template {
         destination = "${folder}/config"
         contents = "{{ with secret \\"secret/data/three\\" }}{{ .Data.data.key }} {{ .Data.data.long }} {{ .Data.data.key }}{{ end }}"
       }`,
    );
    const agent = await start(at);
    await until(() => at.read('config').startsWith('0 '), agent);
    const writing = (async () => {
      for (let turn = 1; turn <= 15; turn++) await put('three', { key: `${turn}`, long });
    })();
    await until(() => !at.read('config').startsWith('0 '), agent);
    await agent.stop('SIGKILL');
    await writing;
    const [first, middle, last, ...more] = at.read('config').split(' ');
    assert.equal(first, last);
    assert.equal(middle, long);
    assert.deepEqual(more, []);
  });

  it('runs a program with secrets in its environment, restarts it on a change, and passes on its exit code', async () => {
    await put('four', { key: 'a' });
    const folder = join(program.home, 'exec');
    fs.mkdirSync(folder, { recursive: true });
    fs.rmdirSync(folder);
    const at = await place(
      'exec',
      `env_template "KEY" { contents = "{{ with secret \\"secret/data/four\\" }}{{ .Data.data.key }}{{ end }}" }
       exec {
         command = ["/bin/sh", "-c", "echo key=$KEY; trap 'echo stopped; exit 0' TERM; [ $KEY = c ] && exit 7; while :; do sleep 0.05; done"]
         restart_on_secret_changes = "always"
         restart_stop_signal = "SIGTERM"
       }`,
    );
    const agent = await start(at);
    await agent.sees(/key=a\n/);
    await put('four', { key: 'b' });
    await agent.sees(/key=a\nstopped\nkey=b\n/);
    await put('four', { key: 'c' });
    const ended = await agent.ended;
    assert.match(ended.out, /key=b\nstopped\nkey=c\n$/);
    assert.equal(ended.code, 7, ended.err);
  });

  it('keeps what was rendered while the server is away, and follows when it is back', async () => {
    const own = await startTestServer({ storage: 'sqlite', folder: join(program.home, 'data') });
    const port = await freePort();
    await own.call('POST', 'secret/data/x', { body: { data: { key: '1' } } });
    const folder = join(program.home, 'away');
    fs.mkdirSync(folder);
    fs.writeFileSync(join(folder, 'root'), own.rootToken);
    const config = join(folder, 'agent.hcl');
    fs.writeFileSync(
      config,
      `vault { address = "${own.address}" }
       pid_file = "${folder}/pid"
       auto_auth { method "token_file" { config = { token_file_path = "${folder}/root" } } }
       template_config { static_secret_render_interval = "1s" }
       api_proxy { use_auto_auth_token = true }
       listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true require_request_header = true }
       listener "unix" { address = "${folder}/socket" }
       template { destination = "${folder}/config" contents = "{{ with secret \\"secret/x\\" }}{{ .Data.data.key }}{{ end }}" }`,
    );
    const agent = await program.start(['agent', `-config=${config}`], /^/);
    const read = (name: string) => fs.readFileSync(join(folder, name), 'utf8');
    await until(() => read('config') === '1' && read('pid') === `${agent.child.pid}\n`, agent);

    const refused = await fetch(`http://127.0.0.1:${port}/v1/secret/data/x`);
    assert.equal(refused.status, 412);
    const passed = await fetch(`http://127.0.0.1:${port}/v1/secret/data/x`, {
      headers: { 'X-Vault-Request': 'true' },
    });
    assert.match(await passed.text(), /"key":"1"/);
    const bySocket = await program.run(['kv', 'get', '-field=key', 'secret/x'], {
      COFFER_ADDR: `unix://${folder}/socket`,
    });
    assert.equal(bySocket.out, '1', bySocket.err);
    assert.equal(fs.statSync(join(folder, 'socket')).mode & 0o777, 0o600);

    const { rootToken, unsealKey } = own;
    await own.stop();
    await agent.sees(/next try in/, 'err');
    assert.equal(read('config'), '1');
    const again = await startTestServer({
      storage: 'sqlite',
      folder: join(program.home, 'data'),
      reopen: { rootToken, unsealKey },
      listener: { address: new URL(own.address).host },
    });
    await again.call('POST', 'secret/data/x', { body: { data: { key: '2' } } });
    await until(() => read('config') === '2', agent);

    fs.appendFileSync(config, '\nnonsense = 1\n');
    agent.child.kill('SIGHUP');
    await agent.sees(/configuration not changed: .*agent\.hcl:9:1: invalid key "nonsense"/, 'err');
    const text = fs
      .readFileSync(config, 'utf8')
      .replace('\nnonsense = 1\n', '')
      .replace('contents = "', 'contents = "new ');
    fs.writeFileSync(config, text);
    agent.child.kill('SIGHUP');
    await until(() => read('config') === 'new 2', agent);
    assert.equal((await agent.stop()).code, 0);
    assert.equal(fs.existsSync(join(folder, 'pid')), false);
    assert.doesNotMatch(agent.err, new RegExp(rootToken));
    await again.stop();
  });

  it('names file and line of a key that nobody knows', async () => {
    const at = await place('wrong', 'template {\n destination = "x"\n content = "y"\n}');
    const ended = await program.run(['agent', `-config=${at.config}`]);
    assert.equal(ended.code, 1);
    assert.match(
      ended.err,
      /wrong\/agent\.hcl:11:2: invalid key "content" in template\. Did you mean "contents"\?/,
    );
    assert.doesNotMatch(ended.err, /authenticating/);
  });

  it('ends when a template can never be rendered, and says why without a value', async () => {
    await put('five', { key: value });
    const at = await place(
      'missing',
      `template { destination = "${join(program.home, 'missing', 'config')}" error_on_missing_key = true
         contents = "{{ with secret \\"secret/data/five\\" }}{{ .Data.data.nokey }}{{ end }}" }`,
    );
    const ended = await program.run(['agent', `-config=${at.config}`]);
    assert.equal(ended.code, 1);
    assert.match(ended.err, /map has no entry for key "nokey"/);
    assert.doesNotMatch(ended.err, /canary/);
    assert.equal(fs.existsSync(at.file('config')), false);
  });
});
