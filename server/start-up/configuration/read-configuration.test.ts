import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigurationError, noticeText, readConfiguration } from './read-configuration.ts';

const plugins = {
  storage: ['memory', 'sqlite'],
  seals: ['shamir', 'static'],
  auditDevices: ['file', 'stdout'],
};
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-configuration-'));
});
after(() => rmSync(folder, { recursive: true }));

interface Extra {
  environment?: Record<string, string>;
  overrides?: Parameters<typeof readConfiguration>[0]['overrides'];
}

function write(files: Record<string, string>): string[] {
  return Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
}

function read(files: Record<string, string>, { environment = {}, overrides = {} }: Extra = {}) {
  return readConfiguration({ paths: write(files), environment, plugins, overrides });
}

function problemsOf(files: Record<string, string>, extra: Extra = {}): string[] {
  try {
    read(files, extra);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.message.split('\n').map((line) => line.replaceAll(`${folder}/`, ''));
  }
  return [];
}

function warningsOf(files: Record<string, string>): string[] {
  return read(files).warnings.map((warning) => noticeText(warning).replaceAll(`${folder}/`, ''));
}

const storage = 'storage "sqlite" { path = "/srv/data" }\n';
const plain = 'listener "tcp" { tls_disable = 1 }\n';

describe('the configuration', () => {
  it('reads a production file of a Vault user', () => {
    const configuration = read({
      'a.hcl': `
        ui = true
        disable_mlock = true
        cluster_name  = "prod"
        api_addr      = "https://vault.example.com:8200"
        cluster_addr  = "https://10.0.0.5:8201"
        default_lease_ttl = "1h"
        max_lease_ttl = 86400
        log_level = "Warn"
        storage "raft" {
          path    = "/srv/data"
          node_id = "one"
          retry_join { leader_api_addr = "https://10.0.0.6:8200" }
        }
        listener "tcp" {
          address = "[::]:8200"
          tls_cert_file = "/etc/c.pem"
          tls_key_file  = "/etc/k.pem"
          tls_min_version = "tls13"
          max_request_size = "1MiB"
          x_forwarded_for_authorized_addrs = ["10.0.0.0/8", "::1"]
          x_forwarded_for_hop_skips = "1"
          telemetry { unauthenticated_metrics_access = true }
          custom_response_headers {
            "default" = { "X-One" = ["a", "b"] }
            "404" { "X-Two" = ["c"] }
          }
        }
        listener "unix" { address = "/run/coffer.sock"
          socket_mode = "660" }
        telemetry { prometheus_retention_time = "30s"
          statsd_address = "localhost:8125" }
        seal "static" { current_key = "env://KEY" }
        audit "file" "to-disk" { options { file_path = "/var/log/audit.log" log_raw = false } }
      `.replace('" log_raw', '"\nlog_raw'),
    });
    assert.deepEqual(configuration.storage, { type: 'sqlite', settings: { path: '/srv/data' } });
    assert.deepEqual(configuration.seals, [
      { type: 'static', settings: { current_key: 'env://KEY' }, disabled: false },
    ]);
    assert.deepEqual(configuration.auditDevices, [
      {
        type: 'file',
        path: 'to-disk/',
        description: '',
        local: false,
        options: { file_path: '/var/log/audit.log', log_raw: 'false' },
      },
    ]);
    const [tcp, unix] = configuration.listeners;
    assert.ok(tcp?.kind === 'tcp' && unix?.kind === 'unix');
    assert.deepEqual([tcp.host, tcp.port, tcp.maxRequestBytes], ['::', 8200, 1_048_576]);
    assert.equal(tcp.maxRequestSeconds, 90);
    assert.deepEqual(tcp.tls, {
      certificateFile: '/etc/c.pem',
      keyFile: '/etc/k.pem',
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      cipherSuites: [],
      clientCaFile: undefined,
      clientCertificates: 'ask',
    });
    assert.deepEqual(tcp.forwardedFor, {
      authorizedAddresses: ['10.0.0.0/8', '::1'],
      hopSkips: 1,
      rejectNotAuthorized: true,
      rejectNotPresent: true,
    });
    assert.deepEqual(tcp.responseHeaders, {
      default: { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains', 'X-One': 'a; b' },
      '404': { 'X-Two': 'c' },
    });
    assert.equal(tcp.unauthenticatedMetricsAccess, true);
    assert.deepEqual([unix.path, unix.mode], ['/run/coffer.sock', 0o660]);
    assert.deepEqual([configuration.log.level, configuration.clusterName], ['warn', 'prod']);
    assert.deepEqual(
      [configuration.defaultLeaseTtlSeconds, configuration.maxLeaseTtlSeconds],
      [3600, 86_400],
    );
    assert.equal(configuration.telemetry.prometheusRetentionSeconds, 30);
    assert.equal(configuration.ui, true);
  });

  it('explains what means nothing here, with file, line and key', () => {
    const warnings = warningsOf({
      'w.hcl': `${plain}storage "file" { path = "/srv/data" }\ndisable_mlock = true\nplugin_directory = "/opt"\n`,
    });
    assert.equal(warnings.length, 3);
    assert.match(warnings[0]!, /^w\.hcl:3: "disable_mlock" has no effect\. .*swap/);
    assert.match(warnings[1]!, /^w\.hcl:4: "plugin_directory" has no effect\./);
    assert.match(warnings[2]!, /^w\.hcl:2: is read as storage "sqlite"/);
  });

  it('takes JSON with the stanza as an object or a list, and backend for storage', () => {
    const one = read({
      'one.json': '{"backend": {"sqlite": {"path": "/d"}}, "listener": {"tcp": {"tls_disable": "true"}}}',
    });
    const list = read({
      'list.json':
        '{"storage": [{"sqlite": [{"path": "/d"}]}], "listener": [{"tcp": {"tls_disable": 1}}, {"unix": {"address": "/s"}}]}',
    });
    assert.deepEqual(one.storage, list.storage);
    assert.deepEqual(
      list.listeners.map(({ kind }) => kind),
      ['tcp', 'unix'],
    );
  });

  it('names everything that is wrong at once, and suggests what was meant', () => {
    const problems = problemsOf({
      'p.hcl': [
        'storage "sqlite" {',
        '  pth = "/srv/data"',
        '}',
        'listener "tcp" {',
        '  adress = "127.0.0.1:8200"',
        '  tls_disable = "maybe"',
        '  tls_min_version = "tls14"',
        '  max_request_size = "lots"',
        '}',
        'max_leese_ttl = "1h"',
        'default_lease_ttl = "1 hour"',
        'seal "statik" {}',
      ].join('\n'),
      'q.json': '{"log_level": "loud",\n "x": 1}',
      'r.hcl': 'ui = {',
    });
    const expected = [
      /^p\.hcl:2: "pth" there is no such key in storage "sqlite"\. Did you mean "path"\?$/,
      /^p\.hcl:5: "adress" .*Did you mean "address"\?$/,
      /^p\.hcl:6: "tls_disable" in listener "tcp" must be true or false/,
      /^p\.hcl:7: "tls_min_version" .* one of tls10, tls11, tls12, tls13\. Did you mean "tls10"\?$/,
      /^p\.hcl:8: "max_request_size" .* size/,
      /^p\.hcl:10: "max_leese_ttl" .*Did you mean "max_lease_ttl"\?$/,
      /^p\.hcl:11: "default_lease_ttl" must be a duration/,
      /^p\.hcl:12: "seal" there is no such seal\. Known: shamir, static\. Did you mean "static"\?$/,
      /^q\.json:1: "log_level" must be one of/,
      /^q\.json:2: "x" there is no such key/,
      /^r\.hcl:1: /,
    ];
    for (const pattern of expected) {
      assert.ok(
        problems.some((problem) => pattern.test(problem)),
        `${pattern} in\n${problems.join('\n')}`,
      );
    }
  });

  it('repeats no value, since it may be a secret in the wrong place', () => {
    const canary = 'canary-5f2c';
    const text = `storage "${'sqlite'}" { path = ["${canary}"] }
      log_level = "${canary}"
      ui = "${canary}"
      max_lease_ttl = "${canary}"
      cache_size = "${canary}"
      api_addr = "${canary}"
      listener "tcp" { address = "${canary}"\n tls_cipher_suites = "${canary}"\n custom_response_headers { "2xx" { "a" = 1 } } }`;
    const problems = problemsOf({ 'c.hcl': text });
    assert.ok(problems.length >= 6, problems.join('\n'));
    assert.doesNotMatch(problems.join('\n'), new RegExp(canary));
  });

  it('merges a folder and several files as Vault does', () => {
    const path = join(folder, 'merged.d');
    mkdirSync(path);
    writeFileSync(join(path, 'b.hcl'), 'max_lease_ttl = "2h"\nlog_level = "error"\n');
    writeFileSync(join(path, 'a.hcl'), `${storage}${plain}max_lease_ttl = "48h"\nlog_level = "debug"\n`);
    writeFileSync(join(path, '.#a.hcl'), 'broken {');
    writeFileSync(join(path, 'notes.txt'), 'broken {');
    const [extra = ''] = write({ 'z.hcl': 'listener "unix" { address = "/s" }\n' });
    const merged = readConfiguration({ paths: [path, extra], environment: {}, plugins });
    assert.equal(merged.listeners.length, 2);
    assert.equal(merged.maxLeaseTtlSeconds, 48 * 3600);
    assert.equal(merged.log.level, 'error');
    assert.deepEqual(merged.sources, [join(path, 'a.hcl'), join(path, 'b.hcl'), extra]);
  });

  it('lets the environment win over files, COFFER over VAULT, and the command line over both', () => {
    const files = { 'e.hcl': `${storage}${plain}log_level = "error"\napi_addr = "http://file:1"\n` };
    const environment = {
      VAULT_API_ADDR: 'http://vault:1',
      COFFER_API_ADDR: 'http://coffer:1',
      VAULT_LOG_LEVEL: 'warn',
      COFFER_LOG_FORMAT: '',
    };
    assert.equal(read(files, { environment }).apiAddress, 'http://coffer:1');
    assert.equal(read(files, { environment }).log.level, 'warn');
    assert.equal(read(files, { environment, overrides: { log_level: 'trace' } }).log.level, 'trace');
    assert.match(
      problemsOf(files, { environment: { COFFER_LOG_LEVEL: 'x' } })[0]!,
      /^COFFER_LOG_LEVEL: "log_level" must/,
    );
    assert.match(
      problemsOf(files, { overrides: { log_format: 'xml' } })[0]!,
      /^-log-format: "log_format" must/,
    );
  });

  it('does not start when a restriction that was asked for would not be kept', () => {
    const restricted = (line: string) =>
      problemsOf({ 'f.hcl': `${storage}listener "tcp" { tls_disable = true\n${line} }\n` });
    assert.match(restricted('chroot_namespace = "team"')[0]!, /cannot be honoured/);
    assert.match(restricted('disable_unauthed_rekey_endpoints = true')[0]!, /cannot be honoured/);
    assert.match(restricted('tls_require_and_verify_client_cert = true')[0]!, /tls_disable/);
    assert.deepEqual(restricted('disable_unauthed_rekey_endpoints = false'), []);
  });

  it('asks for what is missing: storage, listener, certificate', () => {
    assert.match(problemsOf({ 'm.hcl': plain }).join(), /a storage must be given/);
    assert.match(problemsOf({ 'm.hcl': storage }).join(), /a listener must be given/);
    assert.match(problemsOf({ 'm.hcl': `${storage}listener "tcp" {}` }).join(), /tls_disable = true/);
    assert.match(
      problemsOf({ 'm.hcl': `${plain}storage "consul" {}` }).join(),
      /storage of Vault that Coffer/,
    );
    const paths = [join(folder, 'missing.hcl')];
    assert.throws(
      () => readConfiguration({ paths, environment: {}, plugins }),
      /missing\.hcl: cannot be read: there is no such file\.$/,
    );
  });

  it('refuses TLS that is not safe', () => {
    const tls = (line: string) => ({
      't.hcl': `${storage}listener "tcp" { tls_cert_file = "/c"\n tls_key_file = "/k"\n${line} }\n`,
    });
    assert.match(problemsOf(tls('tls_cipher_suites = "TLS_RSA_WITH_RC4_128_SHA"'))[0]!, /not safe/);
    assert.match(problemsOf(tls('tls_require_and_verify_client_cert = true'))[0]!, /tls_client_ca_file/);
    assert.match(problemsOf(tls('tls_min_version = "tls13"\ntls_max_version = "tls12"'))[0]!, /older/);
    assert.match(warningsOf(tls('tls_min_version = "tls10"'))[0]!, /read as tls12/);
  });

  it('takes sizes with units, and counts records where Vault does', () => {
    const cache = (line: string) => read({ 's.hcl': storage + plain + line }).cacheBytes;
    assert.equal(cache(''), 32 * 1024 * 1024);
    assert.equal(cache('cache_size = "1GiB"'), 1024 ** 3);
    assert.equal(cache('cache_size = 1000'), 512_000);
    assert.equal(cache('disable_cache = true'), 0);
  });

  it('never fails on any text but with an explanation', () => {
    const word = fc.constantFrom(
      'storage',
      'listener',
      '"tcp"',
      '{',
      '}',
      '=',
      '[',
      ']',
      '"a"',
      '1',
      '\n',
      'seal',
      '"sqlite"',
      'true',
      'telemetry',
      'audit',
      ',',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          assert.ok(problemsOf({ 'fuzz.hcl': text }).every((problem) => problem.startsWith('fuzz.hcl')));
        },
      ),
      { numRuns: 300 },
    );
  });
});
