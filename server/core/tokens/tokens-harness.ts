import { Barrier } from '../../barrier/index.ts';
import { ManualClock } from '../../contracts/clock.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { Caller } from '../../contracts/request.ts';
import type { EngineLease, SecretsEngine } from '../../contracts/secrets-engine.ts';
import type { StorageBackend } from '../../contracts/storage.ts';
import type { NewToken } from '../../contracts/token-service.ts';
import { EntityViews, IdentityLogins } from '../identity/index.ts';
import { Claims } from '../leases/claims.ts';
import { Expiry } from '../leases/expiry.ts';
import { Leases, type LeasesDependencies } from '../leases/leases.ts';
import { Mount } from '../mounts/mount.ts';
import { newEntry } from '../mounts/mount-entry.ts';
import { type Namespace, rootNamespace } from '../namespaces/namespaces.ts';
import { Wrapping } from '../wrapping/wrapping.ts';
import type { RecordsOf } from './system-change.ts';
import type { TokenAddress } from './token-entry.ts';
import { TokenIdentity } from './token-identity.ts';
import type { TokenState } from './token-state.ts';
import { addressOf, TokenStore } from './token-store.ts';
import { Tokens } from './tokens.ts';

/** An engine whose credentials are a set in memory, and which can be told to fail or to hang. */
export class CredentialsEngine implements SecretsEngine {
  readonly paths = [];
  readonly alive = new Set<string>();
  readonly revoked: string[] = [];
  /** Awaited before a credential is taken back. */
  beforeRevoke: (lease: EngineLease) => Promise<void> = async () => undefined;
  /** Awaited before a renewal is answered. */
  beforeRenew: () => Promise<void> = async () => undefined;

  make(name: string) {
    this.alive.add(name);
    return { ttlSeconds: 600, maxTtlSeconds: 3600, renewable: true, internal: { name } };
  }

  async renew(lease: EngineLease) {
    await this.beforeRenew();
    return { ttlSeconds: 600, maxTtlSeconds: 3600, renewable: true, internal: lease.internal };
  }

  async revoke(lease: EngineLease): Promise<void> {
    await this.beforeRevoke(lease);
    const name = String(lease.internal['name']);
    this.revoked.push(name);
    this.alive.delete(name);
  }
}

const system = { defaultLeaseTtlSeconds: 2_764_800, maxLeaseTtlSeconds: 2_764_800 };

export interface HarnessParts {
  readonly storage: StorageBackend;
  readonly rootKey: Uint8Array;
  readonly clock?: ManualClock;
  readonly engine?: CredentialsEngine;
  /** Sees every change on its way to the store, and may throw in its place. */
  readonly around?: (recordsOf: RecordsOf) => RecordsOf;
  /** Told what becomes of leases. */
  readonly told?: NonNullable<LeasesDependencies['told']>;
}

/** Tokens, leases and their expiry over a real store: one node, or another on the same store. For tests. */
export async function openTokens(parts: HarnessParts) {
  const rooms = await openRooms(parts);
  return { ...rooms, ...actionsIn(rooms) };
}

async function openRecords(parts: HarnessParts) {
  const clock = parts.clock ?? new ManualClock();
  const barrier = new Barrier({ storage: parts.storage, clock });
  if (!(await barrier.initialized())) await barrier.initialize(parts.rootKey);
  await barrier.unseal(parts.rootKey);
  const plain: RecordsOf = (namespaceId, prefix) => barrier.records(namespaceId, prefix);
  const recordsOf = parts.around?.(plain) ?? plain;
  return { clock, barrier, recordsOf };
}

async function openRooms(parts: HarnessParts) {
  const { clock, barrier, recordsOf } = await openRecords(parts);
  const namespaces = new Map<string, Namespace>([[rootNamespace.id, rootNamespace]]);
  const namespaceById = async (id: string) => namespaces.get(id);
  const engine = parts.engine ?? new CredentialsEngine();
  const mount = await mountOf(engine);
  const leases = new Leases({
    recordsOf,
    clock,
    logger: silentLogger,
    namespaceById,
    mountByUuid: async (_namespace, uuid) => (uuid === mount.entry.uuid ? mount : undefined),
    ...(parts.told ? { told: parts.told } : {}),
  });
  const endedTokens: TokenAddress[] = [];
  const store: TokenStore = new TokenStore({
    recordsOf,
    namespaceById,
    clock,
    endLeases: (token, change, limit) => leases.endOfToken(token, change, limit),
    endingWith: (token, entry) => wrapping.endingWith(token, entry),
    ended: async (tokens) => {
      endedTokens.push(...tokens);
    },
  });
  const wrapping = new Wrapping({ recordsOf, tokens: store, clock, render: noAnswer });
  await store.initialize();
  await store.load();
  const identity = new TokenIdentity(
    new IdentityLogins(recordsOf, clock),
    new EntityViews(recordsOf),
    namespaceById,
  );
  const tokens = new Tokens({
    store,
    clock,
    namespaceById,
    system,
    authMount: async () => undefined,
    sudo: async () => true,
    policyExists: async () => true,
    identity,
  });
  const due = recordsOf(rootNamespace.id, 'sys/');
  const expiry = new Expiry({
    due,
    claims: new Claims(due, clock),
    namespaceById,
    leases,
    tokens: store,
    clock,
    logger: silentLogger,
  });
  return {
    barrier,
    clock,
    engine,
    mount,
    leases,
    store,
    tokens,
    expiry,
    wrapping,
    namespaces,
    endedTokens,
    recordsOf,
  };
}

async function mountOf(engine: CredentialsEngine): Promise<Mount> {
  // The same on every node.
  const uuid = '00000000-0000-4000-8000-00000000000a';
  const entry = { ...newEntry('secret', 'creds/', 'credentials'), uuid };
  const mount = new Mount(entry, rootNamespace, system, async () => engine);
  await mount.load();
  return mount;
}

const noAnswer = () => ({ status: 200, body: '' });

/** What tests do, in a word each. */
function actionsIn(rooms: Awaited<ReturnType<typeof openRooms>>) {
  const { barrier, engine, mount, leases, store, tokens, namespaces, recordsOf } = rooms;
  const stateOf = async (token: string): Promise<TokenState> => {
    const state = await store.find(token);
    if (!state) throw new Error('there is no such token');
    return state;
  };
  return {
    stateOf,
    /** All keys of a namespace's system records that begin so. */
    keys: (prefix: string, namespaceId = 'root') =>
      recordsOf(namespaceId, 'sys/').scanKeys(prefix, { limit: 1_000_000 }),
    async addNamespace(id: string, path: string): Promise<Namespace> {
      const namespace: Namespace = { id, path, uuid: id, customMetadata: {} };
      namespaces.set(id, namespace);
      await barrier.createNamespace(id);
      return namespace;
    },
    /** A token made by `parent`, or an orphan; its string. */
    async make(parent?: Caller, wanted: Partial<NewToken> = {}, namespace: Namespace = rootNamespace) {
      const token: NewToken = { ...plainToken, orphan: parent === undefined, ...wanted };
      return (await tokens.create(token, parent ?? nobody, namespace, system)).clientToken;
    },
    async callerOf(token: string): Promise<Caller> {
      return (await stateOf(token)).caller;
    },
    async addressOf(token: string): Promise<TokenAddress> {
      return addressOf(await stateOf(token));
    },
    /** A lease of the engine, for the token. */
    async lease(name: string, token?: string, namespace: Namespace = rootNamespace): Promise<string> {
      const state = token === undefined ? undefined : await stateOf(token);
      const grant = engine.make(name);
      const { id } = await leases.register({ mount, namespace, path: 'creds/app', grant, token: state });
      return id;
    },
  };
}

export type TokensHarness = Awaited<ReturnType<typeof openTokens>>;

const plainToken: NewToken = {
  policies: ['default'],
  displayName: 'token',
  metadata: null,
  ttlSeconds: 3600,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  numUses: 0,
  renewable: true,
  orphan: false,
  type: 'service',
  role: '',
  boundCidrs: [],
  path: 'auth/token/create',
};

const nobody: Caller = {
  tokenAccessor: '',
  displayName: '',
  entityId: '',
  policies: [],
  tokenType: 'none',
  metadata: {},
  tokenHandle: '',
  namespacePath: '',
  namespaceId: '',
};
