import assert from 'node:assert/strict';
import { decodeBase32 } from '../../server/crypto/base32.ts';
import { isCodeAlgorithm, parseOtpauthUrl } from '../../server/crypto/otpauth-url.ts';
import { timedCode } from '../../server/crypto/totp.ts';
import type { CallAnswer, CallOptions, TestServer } from '../start-server.ts';

export type Data = Readonly<Record<string, unknown>>;

/** Somebody with an authenticator app: codes of now, and of steps beside it. */
export class Authenticator {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  code(stepsAway = 0): string {
    const { secret, algorithm, digits, period } = parseOtpauthUrl(this.#url) ?? {};
    const key = decodeBase32(secret ?? '');
    assert.ok(typeof key !== 'number' && algorithm !== undefined && isCodeAlgorithm(algorithm));
    const periodSeconds = Number(period);
    const form = { algorithm, digits: digits === '8' ? 8 : 6, periodSeconds, skew: 1 } as const;
    return timedCode(key, Date.now() + stepsAway * periodSeconds * 1000, form);
  }

  /** Right in no step near now. */
  wrongCode(): string {
    const near = [-2, -1, 0, 1, 2].map((away) => this.code(away));
    const found = Array.from({ length: 6 }, (_, n) => String(n).repeat(6)).find(
      (each) => !near.includes(each),
    );
    return found ?? '';
  }
}

/** What tests of login MFA do on a server, in one namespace. */
export class MfaServer {
  readonly server: TestServer;
  readonly namespace: string | undefined;

  constructor(server: TestServer, namespace?: string) {
    this.server = server;
    this.namespace = namespace;
  }

  call(method: string, path: string, options: CallOptions = {}): Promise<CallAnswer> {
    const where = this.namespace === undefined ? {} : { namespace: this.namespace };
    return this.server.call(method, path, { ...where, ...options });
  }

  /** The data of an answer that must not fail. */
  async ok(method: string, path: string, body?: object): Promise<Data> {
    const answer = await this.call(method, path, body ? { body } : {});
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body.data ?? {};
  }

  /** The accessor of a new auth mount. */
  async enable(type: string, path = type): Promise<string> {
    await this.ok('POST', `sys/auth/${path}`, { type });
    const mount = (await this.ok('GET', 'sys/auth'))[`${path}/`];
    assert.ok(typeof mount === 'object' && mount !== null && 'accessor' in mount);
    return String(mount.accessor);
  }

  async addUser(name: string, more: object = {}, path = 'userpass'): Promise<void> {
    await this.ok('POST', `auth/${path}/users/${name}`, { password: 'correct horse', ...more });
  }

  login(name: string, options: CallOptions = {}, path = 'userpass'): Promise<CallAnswer> {
    const body = { password: 'correct horse' };
    return this.call('POST', `auth/${path}/login/${name}`, { token: null, body, ...options });
  }

  /** The entity of a user who logs in without a second factor. */
  async entityOf(name: string, path = 'userpass'): Promise<string> {
    const { status, text, body } = await this.login(name, {}, path);
    assert.equal(status, 200, text);
    return String(body.auth?.['entity_id']);
  }

  async addMethod(more: object = {}): Promise<string> {
    const made = await this.ok('POST', 'identity/mfa/method/totp', { issuer: 'Acme', qr_size: 0, ...more });
    return String(made['method_id']);
  }

  async enrol(methodId: string, entityId: string): Promise<Authenticator> {
    const body = { method_id: methodId, entity_id: entityId };
    return new Authenticator(
      String((await this.ok('POST', 'identity/mfa/method/totp/admin-generate', body))['url']),
    );
  }

  enforce(name: string, methodIds: readonly string[], targets: object): Promise<Data> {
    return this.ok('POST', `identity/mfa/login-enforcement/${name}`, {
      mfa_method_ids: methodIds,
      ...targets,
    });
  }

  validate(requestId: unknown, payload: unknown, options: CallOptions = {}): Promise<CallAnswer> {
    const body = { mfa_request_id: requestId, mfa_payload: payload };
    return this.call('POST', 'sys/mfa/validate', { token: null, body, ...options });
  }
}

/** What a login answered that needs a second factor, after checking that it holds nothing else. */
export function requirementOf(answer: CallAnswer): {
  id: string;
  constraints: Readonly<Record<string, unknown>>;
} {
  assert.equal(answer.status, 200, answer.text);
  const { mfa_requirement: required, ...rest } = { ...answer.body.auth };
  assert.deepEqual(rest, {
    client_token: '',
    accessor: '',
    policies: null,
    token_policies: null,
    metadata: null,
    lease_duration: 0,
    renewable: false,
    entity_id: '',
    token_type: 'default',
    orphan: false,
    num_uses: 0,
  });
  assert.ok(typeof required === 'object' && required !== null, answer.text);
  assert.ok('mfa_request_id' in required && 'mfa_constraints' in required);
  const { mfa_request_id: id, mfa_constraints: constraints } = required;
  assert.ok(typeof constraints === 'object' && constraints !== null);
  return { id: String(id), constraints: { ...constraints } };
}

/** The token of an answer that has one. */
export function tokenOf(answer: CallAnswer): string {
  assert.equal(answer.status, 200, answer.text);
  const token = answer.body.auth?.['client_token'];
  assert.ok(typeof token === 'string' && token !== '', answer.text);
  return token;
}
