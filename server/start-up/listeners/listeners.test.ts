import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { ManualClock, systemClock } from '../../contracts/clock.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { ListenerConfiguration, TlsConfiguration } from '../configuration/configuration.ts';
import { makeDevelopmentCertificate } from '../development/development-certificate.ts';
import type { RequestHandler } from '../server-contract.ts';
import { ListenerError } from './listener-error.ts';
import { openListeners } from './open-listeners.ts';

const common = {
  maxRequestBytes: 1024,
  maxRequestSeconds: 90,
  maxRequestJsonDepth: 300,
  readTimeoutSeconds: 30,
  readHeaderTimeoutSeconds: 10,
  idleTimeoutSeconds: 300,
  writeTimeoutSeconds: 0,
  responseHeaders: {},
  forwardedFor: undefined,
  unauthenticatedMetricsAccess: false,
  unauthenticatedInFlightAccess: false,
};
const tcp: Extract<ListenerConfiguration, { kind: 'tcp' }> = {
  kind: 'tcp',
  host: '127.0.0.1',
  port: 0,
  clusterAddress: undefined,
  tls: undefined,
  ...common,
};

/** Answers with what it was given. */
const echo: RequestHandler = (request, response, connection) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts).toString();
    const { remoteAddress, remotePort, clientCertificates } = connection;
    response.writeHead(request.url === '/missing' ? 404 : 200, { 'X-Own': '1' });
    response.end(
      JSON.stringify({
        method: request.method,
        url: request.url,
        body,
        remoteAddress,
        remotePort,
        certificates: clientCertificates.length,
      }),
    );
  });
};

const opened: { close(graceMs: number): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((listeners) => listeners.close(0)));
});

async function open(
  configuration: ListenerConfiguration,
  handler: RequestHandler = echo,
  clock = systemClock,
) {
  const listeners = await openListeners([configuration], { handler, logger: silentLogger, clock });
  opened.push(listeners);
  const [listener] = listeners.all;
  assert.ok(listener);
  return { listeners, listener, port: Number(listener.address.split(':').at(-1)) };
}

/** Sends raw bytes and collects everything until the answer holds `count` bodies or the connection ends. */
function exchange(socket: Socket, text: string, count = 1): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const onData = (data: Buffer) => {
      got += data.toString();
      if (got.split('\r\n\r\n').length > count && /[}\n]$/.test(got)) done();
    };
    const done = () => {
      socket.off('data', onData).off('close', done);
      resolve(got);
    };
    socket.on('data', onData).once('close', done);
    socket.write(text);
  });
}

const head = (verb: string, path: string, more = '') => `${verb} ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe('a listener', () => {
  it('serves LIST and SCAN, which Node’s parser does not know, on one connection with other verbs', async () => {
    const { port } = await open(tcp);
    const socket = connect(port, '127.0.0.1');
    for (let round = 0; round < 3; round++) {
      assert.match(
        await exchange(socket, head('LIST', '/v1/secret/')),
        /200 OK[\s\S]*"method":"LIST","url":"\/v1\/secret\/"/,
      );
      assert.match(await exchange(socket, head('GET', '/v1/a')), /"method":"GET"/);
      const withBody = head('SCAN', '/v1/b', 'Content-Length: 11\r\n');
      assert.match(
        await exchange(socket, `${withBody}LIST /v1/xx`),
        /"method":"SCAN","url":"\/v1\/b","body":"LIST \/v1\/xx"/,
      );
      const split = head('POST', '/v1/c', 'Content-Length: 12\r\n');
      socket.write(split);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.match(await exchange(socket, 'LIST /v1/xxx'), /"body":"LIST \/v1\/xxx"/);
    }
    socket.destroy();
  });

  it('does not mistake LINK for LIST, and refuses what no verb is', async () => {
    const { port } = await open(tcp);
    const socket = connect(port, '127.0.0.1');
    assert.match(await exchange(socket, head('LIST', '/')), /"method":"LIST"/);
    assert.match(await exchange(socket, head('LINK', '/')), /"method":"LINK"/);
    assert.match(await exchange(socket, head('LISP', '/')), /^HTTP\/1\.1 400 .*errors/s);
    const pipelined = connect(port, '127.0.0.1');
    const answers = await exchange(pipelined, head('GET', '/first') + head('LIST', '/second'), 2);
    assert.doesNotMatch(answers, /"method":"(?!GET|LIST)/);
    pipelined.destroy();
  });

  it('takes a LIST that a client sent ahead of the answers it still waits for, and what follows it', async () => {
    const { port } = await open(tcp, (request, response, connection) => {
      if (request.url !== '/slow') echo(request, response, connection);
      else setTimeout(() => echo(request, response, connection), 60);
    });
    const socket = connect(port, '127.0.0.1');
    const answers = exchange(
      socket,
      head('GET', '/slow') +
        head('GET', '/fast') +
        head('LIST', '/ahead') +
        head('POST', '/body', 'Content-Length: 3\r\n'),
      // Answers come in chunks: an empty line after the head, and one at the end.
      2 * 5,
    );
    // After the parser has stopped: the rest of that body, and another.
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(`abc${head('SCAN', '/last')}`);
    const urls = [...(await answers).matchAll(/"method":"(\w+)","url":"([^"]+)"/g)].map(
      ([, method, url]) => `${method} ${url}`,
    );
    assert.deepEqual(urls, ['GET /slow', 'GET /fast', 'LIST /ahead', 'POST /body', 'SCAN /last']);
    socket.destroy();
  });

  it('takes many LISTs from clients that keep connections', async () => {
    const { port } = await open(tcp);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const list = () =>
      new Promise<string>((resolve, reject) => {
        const request = http.request(
          { port, host: '127.0.0.1', method: 'LIST', path: '/v1/x', agent },
          (response) => {
            let text = '';
            response.on('data', (part) => (text += part)).on('end', () => resolve(text));
          },
        );
        request.on('error', reject).end();
      });
    const answers = await Promise.all(Array.from({ length: 200 }, list));
    assert.ok(answers.every((answer) => answer.includes('"method":"LIST"')));
    agent.destroy();
  });

  it('answers garbage, heads that are too large and CONNECT without repeating them', async () => {
    const { port } = await open(tcp);
    const send = (text: string) => exchange(connect(port, '127.0.0.1'), text);
    assert.match(await send('canary\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.doesNotMatch(await send('canary\r\n\r\n'), /canary/);
    assert.match(await send(head('GET', '/', `X: ${'a'.repeat(40_000)}\r\n`)), /^HTTP\/1\.1 431 /);
    assert.match(
      await send('GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n'),
      /^HTTP\/1\.1 400 /,
    );
    assert.equal(await send(head('CONNECT', 'x:1')), '');
  });

  it('believes X-Forwarded-For of configured proxies only', async () => {
    const forwardedFor = {
      authorizedAddresses: ['10.0.0.0/8'],
      hopSkips: 0,
      rejectNotAuthorized: false,
      rejectNotPresent: false,
    };
    const ask = async (rule: Partial<typeof forwardedFor>, value?: string) => {
      const { port } = await open({ ...tcp, forwardedFor: { ...forwardedFor, ...rule } });
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        headers: value === undefined ? {} : { 'x-forwarded-for': value },
      });
      const body: unknown = await answer.json();
      assert.ok(typeof body === 'object' && body !== null);
      return answer.status === 200 && 'remoteAddress' in body ? body.remoteAddress : answer.status;
    };
    const trusted = { authorizedAddresses: ['127.0.0.1'] };
    assert.equal(await ask({}, '1.2.3.4'), '127.0.0.1', 'a stranger is not believed');
    assert.equal(await ask({ rejectNotAuthorized: true }, '1.2.3.4'), 400);
    assert.equal(
      await ask(trusted, '9.9.9.9, 1.2.3.4'),
      '1.2.3.4',
      'what the client claims before is not believed',
    );
    assert.equal(await ask({ ...trusted, hopSkips: 1 }, '1.2.3.4, 10.0.0.7'), '1.2.3.4');
    assert.equal(await ask({ ...trusted, hopSkips: 2 }, '1.2.3.4, 10.0.0.7'), 400);
    assert.equal(await ask(trusted, 'evil" admin'), 400);
    assert.equal(await ask(trusted, '::ffff:1.2.3.4'), '1.2.3.4');
    assert.equal(await ask(trusted), '127.0.0.1');
    assert.equal(await ask({ ...trusted, rejectNotPresent: true }), 400);
  });

  it('adds configured headers by status, the more exact winning, whatever the handler does', async () => {
    const responseHeaders = {
      default: { 'X-One': 'default', 'X-Two': 'default' },
      '4xx': { 'X-One': 'class' },
      '404': { 'x-one': 'exact' },
    };
    const { port } = await open({ ...tcp, responseHeaders });
    const [found, missing] = await Promise.all(
      ['/', '/missing'].map((path) => fetch(`http://127.0.0.1:${port}${path}`)),
    );
    assert.deepEqual(
      [found?.headers.get('x-one'), found?.headers.get('x-two'), found?.headers.get('x-own')],
      ['default', 'default', '1'],
    );
    assert.deepEqual([missing?.headers.get('x-one'), missing?.headers.get('x-two')], ['exact', 'default']);
  });

  it('lets requests finish when it closes, takes no new ones, and cuts off what does not end', async () => {
    const waiting: (() => void)[] = [];
    const { port, listeners } = await open(tcp, (_request, response) => {
      waiting.push(() => response.end('done'));
    });
    const first = fetch(`http://127.0.0.1:${port}/`);
    const second = fetch(`http://127.0.0.1:${port}/`);
    while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = listeners.close(300);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    waiting[0]?.();
    const answer = await first;
    assert.equal(answer.headers.get('connection'), 'close');
    assert.equal(await answer.text(), 'done');
    await assert.rejects(second);
    await closed;
  });

  it('cuts off a request that takes longer than max_request_duration', async () => {
    const clock = new ManualClock();
    let isWaiting = false;
    const { port } = await open(
      { ...tcp, maxRequestSeconds: 5 },
      () => {
        isWaiting = true;
      },
      clock,
    );
    const answer = assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    while (!isWaiting) await new Promise((resolve) => setTimeout(resolve, 5));
    clock.advance(4000);
    clock.advance(2000);
    await answer;
  });

  it('says in one sentence that the port is taken, and closes what it had opened', async () => {
    const { port } = await open(tcp);
    const context = { handler: echo, logger: silentLogger, clock: systemClock };
    const path = join(tmpdir(), `coffer-${process.pid}.sock`);
    const unix = { kind: 'unix' as const, path, mode: 0o600, user: undefined, group: undefined, ...common };
    await assert.rejects(openListeners([unix, { ...tcp, port }], context), (error) => {
      assert.ok(error instanceof ListenerError);
      assert.equal(error.message, `127.0.0.1:${port} is taken by another program`);
      return true;
    });
    assert.equal(existsSync(path), false);
  });
});

describe('a TLS listener', () => {
  let folder = '';
  let tls: TlsConfiguration;
  let authority = '';
  const renew = async () => {
    const made = await makeDevelopmentCertificate(['localhost', '127.0.0.1', '::1'], Date.now());
    authority = made.authority;
    writeFileSync(tls.certificateFile, made.certificate);
    writeFileSync(tls.keyFile, made.privateKey);
    return made;
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-tls-'));
    tls = {
      certificateFile: join(folder, 'c.pem'),
      keyFile: join(folder, 'k.pem'),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      cipherSuites: [],
      clientCaFile: undefined,
      clientCertificates: 'ask',
    };
    await renew();
  });
  after(() => rmSync(folder, { recursive: true }));

  interface Answer {
    readonly text: string;
    readonly certificate: string;
  }
  const ask = (port: number, options: https.RequestOptions = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = https.request(
        { host: 'localhost', port, ca: authority, method: 'LIST', path: '/', agent: false, ...options },
        (response) => {
          const { socket } = response;
          const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : '';
          let text = '';
          response.on('data', (part) => (text += part)).on('end', () => resolve({ text, certificate }));
        },
      );
      request.on('error', reject).end();
    });

  it('serves verified connections with TLS 1.2 and 1.3, LIST too, and hands over client certificates', async () => {
    const { port } = await open({ ...tcp, tls });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { text } = await ask(port, { minVersion: version, maxVersion: version });
      assert.match(text, /"method":"LIST".*"certificates":0/);
      const client = await makeDevelopmentCertificate(['client'], Date.now());
      const offered = await ask(port, {
        maxVersion: version,
        cert: client.certificate,
        key: client.privateKey,
      });
      assert.match(offered.text, /"certificates":1/);
    }
    await assert.rejects(ask(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }));
  });

  it('tells a client that speaks HTTP to it what it did', async () => {
    const { port } = await open({ ...tcp, tls });
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => (text += part)).write(head('GET', '/v1/sys/health'));
    await once(socket, 'close');
    assert.match(
      text,
      /^HTTP\/1\.0 400 Bad Request\r\n[\s\S]*\r\n\r\nClient sent an HTTP request to an HTTPS server\.\n$/,
    );
  });

  it('takes a new certificate at reload without dropping connections, and keeps the old one when files are bad', async () => {
    const { port, listeners } = await open({ ...tcp, tls });
    const kept = connectTls({ port, host: 'localhost', ca: authority });
    const before = await ask(port);
    const made = await renew();
    listeners.reload();
    const now = await ask(port);
    assert.notEqual(now.certificate, before.certificate);
    assert.equal(now.certificate, new X509Certificate(made.certificate).fingerprint256);
    writeFileSync(tls.keyFile, (await makeDevelopmentCertificate(['x'], Date.now())).privateKey);
    assert.throws(() => listeners.reload(), /does not belong to the certificate/);
    writeFileSync(tls.keyFile, 'canary');
    assert.throws(
      () => listeners.reload(),
      (error) => error instanceof ListenerError && !error.message.includes('canary'),
    );
    assert.equal((await ask(port)).certificate, now.certificate);
    assert.match(await exchange(kept, head('GET', '/')), /"method":"GET"/);
    kept.destroy();
    await renew();
  });

  it('requires a certificate of the configured authority when told to', async () => {
    const client = await makeDevelopmentCertificate(['client'], Date.now());
    const clientCaFile = join(folder, 'ca.pem');
    writeFileSync(clientCaFile, client.authority);
    const { port } = await open({ ...tcp, tls: { ...tls, clientCertificates: 'require', clientCaFile } });
    await assert.rejects(ask(port));
    const other = await makeDevelopmentCertificate(['client'], Date.now());
    await assert.rejects(ask(port, { cert: other.certificate, key: other.privateKey }));
  });
});

describe('a unix socket', () => {
  it('has its mode before anybody can open it, replaces a stale one, and refuses a living one', async () => {
    const path = join(tmpdir(), `coffer-listener-${process.pid}.sock`);
    const unix = {
      kind: 'unix' as const,
      path,
      mode: 0o640,
      user: String(process.getuid?.()),
      group: undefined,
      ...common,
    };
    const { listener, listeners } = await open(unix);
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.equal(listener.address, path);
    const socket = connect(path);
    assert.match(
      await exchange(socket, head('LIST', '/')),
      /"method":"LIST".*"remoteAddress":"","remotePort":0/,
    );
    socket.destroy();
    await assert.rejects(open(unix), /taken by another program/);
    await listeners.close(0);
    assert.equal(existsSync(path), false);
    writeFileSync(path, 'precious');
    await assert.rejects(open(unix), /exists and is no socket/);
    rmSync(path);
  });
});
