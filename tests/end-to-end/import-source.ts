import assert from 'node:assert/strict';
import type { CallOptions, TestServer } from '../start-server.ts';

type Write = readonly [path: string, body: object, namespace?: string];

const policy = 'path "secret/data/ai/*" { capabilities = ["read"] }';

const writes: readonly Write[] = [
  ['sys/namespaces/team', { custom_metadata: { owner: 'ml' } }],
  ['sys/namespaces/inner', {}, 'team'],
  ['sys/policies/acl/reader', { policy }],
  ['sys/policies/acl/reader', { policy: `${policy} # the team's` }, 'team'],
  ['sys/policies/password/long', { policy: 'length = 20\nrule "charset" { charset = "abcdef" }' }],
  ['sys/mounts/plain', { type: 'kv', options: { version: '1' }, config: { max_lease_ttl: '2h' } }],
  ['sys/mounts/team-kv', { type: 'kv', options: { version: '2' }, description: 'of the team' }, 'team'],
  ['team-kv/config', { max_versions: 4 }, 'team'],
  ['team-kv/data/only', { data: { here: true } }, 'team'],
  ['plain/a/one', { value: 1 }],
  ['plain/a/two', { value: 'zwei', big: 1 }],
  ['secret/data/ai/openai', { data: { key: 'sk-1' } }],
  ['secret/data/ai/openai', { data: { key: 'sk-2' } }],
  ['secret/data/ai/openai', { data: { key: 'sk-3' } }],
  ['secret/data/ai/openai', { data: { key: 'sk-4', nested: { list: [1, 2, null] } } }],
  ['secret/metadata/ai/openai', { custom_metadata: { owner: 'ann' }, max_versions: 7, cas_required: true }],
  ['secret/delete/ai/openai', { versions: [2] }],
  ['secret/destroy/ai/openai', { versions: [3] }],
  ['secret/metadata/empty', { custom_metadata: { only: 'metadata' } }],
  ['secret/metadata/pruned', { max_versions: 2 }],
  ['sys/auth/approle', { type: 'approle', config: { default_lease_ttl: '30m' } }],
  ['auth/approle/role/server', { token_policies: 'reader', token_ttl: '20m', secret_id_num_uses: 5 }],
  ['auth/approle/role/server/secret-id', {}],
  ['sys/auth/people', { type: 'userpass' }],
  ['auth/people/users/ann', { password: 'correct-horse', token_policies: 'reader', token_ttl: '1h' }],
  ['auth/token/roles/job', { allowed_policies: 'reader', orphan: true, token_period: '1h' }],
  ['identity/entity', { name: 'ann', policies: 'reader', metadata: { team: 'blue' } }],
  ['identity/group', { name: 'outside', type: 'external', policies: 'reader' }],
  ['sys/quotas/rate-limit/calm', { rate: 1000, path: 'secret/' }],
];

export type Caller = (method: string, path: string, more?: CallOptions) => Promise<unknown>;

/** A server with something of everything that an import carries. */
export async function fillSource(server: TestServer): Promise<void> {
  for (const [path, body, namespace] of writes) await write(server, path, body, namespace);
  for (let version = 1; version <= 12; version++)
    await write(server, 'secret/data/many', { data: { version } });
  for (let version = 1; version <= 4; version++)
    await write(server, 'secret/data/pruned', { data: { version } });
  const entity = await server.call('GET', 'identity/entity/name/ann');
  const auth = await server.call('GET', 'sys/auth');
  const people = auth.body.data?.['people/'];
  assert.ok(typeof people === 'object' && people !== null && 'accessor' in people);
  await write(server, 'identity/entity-alias', {
    name: 'ann',
    canonical_id: entity.body.data?.['id'],
    mount_accessor: people.accessor,
    custom_metadata: { desk: '7' },
  });
  await write(server, 'identity/group', { name: 'inner', member_entity_ids: [entity.body.data?.['id']] });
  const inner = await server.call('GET', 'identity/group/name/inner');
  await write(server, 'identity/group', { name: 'a-outer', member_group_ids: [inner.body.data?.['id']] });
  const outside = await server.call('GET', 'identity/group/name/outside');
  await write(server, 'identity/group-alias', {
    name: 'engineering',
    mount_accessor: people.accessor,
    canonical_id: outside.body.data?.['id'],
  });
}

async function write(server: TestServer, path: string, body: object, namespace?: string): Promise<void> {
  const answer = await server.call('POST', path, { body, ...(namespace ? { namespace } : {}) });
  assert.ok(answer.status < 300, `${path}: ${answer.text}`);
}

const read: readonly (readonly [path: string, namespace?: string])[] = [
  ['sys/namespaces/team'],
  ['sys/namespaces/inner', 'team'],
  ['sys/policies/acl/reader'],
  ['sys/policies/acl/reader', 'team'],
  ['sys/policies/password/long'],
  ['sys/mounts'],
  ['sys/mounts', 'team'],
  ['sys/auth'],
  ['secret/config'],
  ['team-kv/config', 'team'],
  ['team-kv/data/only', 'team'],
  ['plain/a/one'],
  ['plain/a/two'],
  ...['ai/openai', 'empty', 'many', 'pruned'].flatMap((name) => [
    [`secret/metadata/${name}`] as const,
    ...[1, 2, 3, 4, 12].map((version) => [`secret/data/${name}?version=${version}`] as const),
  ]),
  ['auth/approle/role/server'],
  ['auth/approle/role/server/role-id'],
  ['auth/people/users/ann'],
  ['auth/token/roles/job'],
  ['identity/entity/name/ann'],
  ['identity/group/name/inner'],
  ['identity/group/name/a-outer'],
  ['identity/group/name/outside'],
  ['sys/quotas/rate-limit/calm'],
];

/** Everything that was put there, as the API shows it, without the ids and times that each server makes for itself. */
export async function contentsOf(server: TestServer): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  const ids = new Map<string, string>();
  for (const [path, namespace] of read) {
    const { status, body } = await server.call('GET', path, namespace ? { namespace } : {});
    contents[`${namespace ?? ''} ${path}`] = [status, settled(body.data ?? null, ids)];
  }
  return contents;
}

/** Ids become the order in which they first appear: which entity is whose member still shows. */
function settled(value: unknown, ids: Map<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => settled(item, ids));
  if (typeof value === 'string')
    return /^[\w-]*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|_[0-9a-f]{8}$/.test(value)
      ? numbered(value, ids)
      : value;
  if (typeof value !== 'object' || value === null) return value;
  const isPolicy = 'policy' in value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !(isPolicy && key === 'version'))
      .filter(
        ([key]) =>
          !/_time$|^modified$|^id$|^uuid$|_id$|accessor$|modify_index|metadata_version/.test(key) ||
          key === 'role_id',
      )
      .map(([key, one]) => [key, /deletion_time/.test(key) ? one !== '' : settled(one, ids)])
      .sort(),
  );
}

function numbered(value: string, ids: Map<string, string>): string {
  const known = ids.get(value) ?? `id ${ids.size + 1}`;
  ids.set(value, known);
  return known;
}
