import type { BenchServer } from './coffer-server.ts';
import { get, post, type Scenario } from './scenario.ts';

/** A scenario whose data is made only when it is measured. */
export interface PreparedScenario {
  readonly name: string;
  readonly prepare: () => Promise<Omit<Scenario, 'name'>>;
}

/** Logins, wrapping and many policies. A pair of requests is held against a pair of the floor's. */
export function coreScenarios(server: BenchServer): PreparedScenario[] {
  return [
    { name: 'AppRole login', prepare: () => appRoleLogin(server) },
    { name: 'wrap and unwrap, a pair', prepare: () => wrapAndUnwrap(server) },
    { name: 'KV v2 read, 1 policy of 100 rules', prepare: () => readWithPolicies(server, 1) },
    { name: 'KV v2 read, 1,000 policies of 100', prepare: () => readWithPolicies(server, 1000) },
  ];
}

async function appRoleLogin(server: BenchServer): Promise<Omit<Scenario, 'name'>> {
  await server.call('POST', 'sys/auth/approle', { type: 'approle' });
  await server.call('POST', 'auth/approle/role/app', { token_policies: 'app', token_ttl: '1h' });
  const role = await server.call<{ data: { role_id: string } }>('GET', 'auth/approle/role/app/role-id');
  const secret = await server.call<{ data: { secret_id: string } }>(
    'POST',
    'auth/approle/role/app/secret-id',
    {},
  );
  const credentials = { role_id: role.data.role_id, secret_id: secret.data.secret_id };
  return {
    connections: 16,
    bytes: await server.bytesOf('auth/approle/login', 'POST', credentials),
    request: post(() => 'auth/approle/login', '', JSON.stringify(credentials)),
  };
}

async function wrapAndUnwrap(server: BenchServer): Promise<Omit<Scenario, 'name'>> {
  const made = await server.call<{ auth: { client_token: string } }>('POST', 'auth/token/create', {
    policies: ['default'],
    ttl: '1h',
  });
  const value = { 'api-key': 'sk-your-openai-key-0123456789abcdef' };
  const wrap = 'sys/wrapping/wrap';
  return {
    connections: 16,
    bytes: await server.bytesOf(wrap, 'POST', value, { 'X-Vault-Wrap-TTL': '60' }),
    request: post(() => wrap, made.auth.client_token, JSON.stringify(value), 'X-Vault-Wrap-TTL: 60\r\n'),
    follow: (port) => (answer) => {
      const token = /"token": *"([^"]+)"/.exec(answer)?.[1] ?? '';
      return post(() => 'sys/wrapping/unwrap', token, '{}')(port)(0);
    },
  };
}

async function readWithPolicies(server: BenchServer, count: number): Promise<Omit<Scenario, 'name'>> {
  const names = Array.from({ length: count }, (_, n) => `of-${count}-${n}`);
  const rules = (n: number) =>
    Array.from(
      { length: 99 },
      (_, rule) => `path "secret/data/team-${n}/service-${rule}/*" { capabilities = ["read", "list"] }`,
    );
  const readable = 'path "secret/data/app/*" { capabilities = ["read"] }';
  for (let at = 0; at < count; at += 20) {
    await Promise.all(
      names.slice(at, at + 20).map((name, n) => {
        // One of them allows it: the audit log names every policy that does.
        const policy = [...rules(at + n), at + n === 0 ? readable : ''].join('\n');
        return server.call('PUT', `sys/policies/acl/${name}`, { policy });
      }),
    );
  }
  const made = await server.call<{ auth: { client_token: string } }>('POST', 'auth/token/create', {
    policies: names,
    ttl: '1h',
  });
  return {
    connections: 16,
    bytes: await server.bytesOf('secret/data/app/1'),
    request: get((n) => `secret/data/app/${n % 1000}`, made.auth.client_token),
  };
}
