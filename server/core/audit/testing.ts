import type { AuditSink } from '../../contracts/audit-device.ts';
import type { AuditExchange, AuditMount, AuditToken } from './exchange.ts';

/** A sink in memory for tests of the broker: keeps lines, and can be told to fail or to hang. */
export class MemorySink implements AuditSink {
  readonly appends: string[] = [];
  closed = false;
  #error: Error | undefined;
  #gate: PromiseWithResolvers<void> | undefined;

  get lines(): string[] {
    return this.appends.join('').split('\n').slice(0, -1);
  }

  get entries(): { readonly type: string; readonly request: { readonly id: string } }[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#gate?.promise;
    if (this.#error) throw this.#error;
    this.appends.push(Buffer.from(bytes).toString());
  }

  async reopen(): Promise<void> {}

  async close(): Promise<void> {
    this.closed = true;
  }

  failWith(error: Error | undefined): void {
    this.#error = error;
  }

  hang(): void {
    this.#gate ??= Promise.withResolvers();
  }

  resume(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }
}

export const testMount: AuditMount = {
  path: 'secret/',
  type: 'kv',
  accessor: 'kv_5e1f0a77',
  class: 'secret',
  runningVersion: 'v2',
};

export const testToken: AuditToken = {
  accessor: 'Zx8mB1l0e2QwErTyUiOpAsDf',
  displayName: 'token-app',
  policies: ['app', 'default'],
  tokenPolicies: ['app', 'default'],
  metadata: { service: 'chat' },
  entityId: '',
  type: 'service',
  ttlSeconds: 3600,
  issuedAtMs: Date.UTC(2026, 0, 1),
};

/** A read of `secret/data/app` by `testToken`, with what the test changes. */
export function testExchange(change: Partial<AuditExchange> = {}): AuditExchange {
  return {
    requestId: 'b1f6a4ae-6c2c-4d09-8f0e-9d1c2b3a4f5e',
    timeMs: Date.UTC(2026, 0, 1, 12, 0, 0, 7),
    operation: 'read',
    namespace: { id: 'root', path: '' },
    mount: testMount,
    path: 'secret/data/app',
    data: undefined,
    remoteAddress: '192.0.2.7',
    remotePort: 40123,
    headers: {},
    wrapTtlSeconds: 0,
    clientToken: 'hvs.token-of-the-test',
    token: testToken,
    policyResults: {
      allowed: true,
      grantingPolicies: [{ name: 'app', namespaceId: 'root', type: 'acl' }],
    },
    ...change,
  };
}
