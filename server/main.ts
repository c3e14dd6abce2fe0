import { fileURLToPath } from 'node:url';
import { Barrier } from './barrier/index.ts';
import { buildCore, type Core } from './build-core.ts';
import type { AuditDevicePlugin } from './contracts/audit-device.ts';
import type { AuthMethodPlugin } from './contracts/auth-method.ts';
import { CofferError } from './contracts/errors.ts';
import type { JsonObject } from './contracts/request.ts';
import type { Seal, SealPlugin } from './contracts/seal.ts';
import type { SecretsEnginePlugin } from './contracts/secrets-engine.ts';
import { type StorageBackend, StorageError, type StoragePlugin } from './contracts/storage.ts';
import { CountedStorage } from './core/metrics/counted-storage.ts';
import { BodyRoom } from './dialects/body-room.ts';
import { isPlatformUrl, platformHandler } from './dialects/platform/handler.ts';
import { admitOrigin } from './dialects/vault/cross-origin.ts';
import { vaultHandler } from './dialects/vault/handler.ts';
import { loadPlugins } from './load-plugins.ts';
import type { OwnRequest, RunningServer, ServerOptions, StartServer } from './start-up/server-contract.ts';
import { version } from './version.ts';

/** Composition root: configuration → storage, seals, barrier, core → a server that answers. */
export const startServer: StartServer = async (options) => {
  const { configuration, logger, clock } = options;
  const [storages, seals, engines, authMethods, auditDevices] = await Promise.all([
    loadPlugins<StoragePlugin>('storage'),
    loadPlugins<SealPlugin>('seals'),
    loadPlugins<SecretsEnginePlugin>('engines'),
    loadPlugins<AuthMethodPlugin>('auth-methods'),
    loadPlugins<AuditDevicePlugin>('audit-devices'),
  ]);
  const storage = new CountedStorage(await openStorage(storages, options));
  try {
    const { seal, retired } = await openSeals(seals, options);
    const barrier = new Barrier({
      storage,
      clock,
      logger: logger.named('barrier'),
      cacheBytes: configuration.cacheBytes,
      exclusiveStore: storage.exclusive,
      acceptPlaintextRecords: configuration.acceptPlaintextRecords,
    });
    const core = buildCore({
      configuration,
      storage,
      barrier,
      seal,
      retiredSeals: retired,
      engines,
      authMethods,
      auditDevices,
      clock,
      logger,
      logLevels: options.logLevels,
      logFeed: options.logFeed,
      programFolders: [programFolder()],
      listenerAddress: options.listenerAddress,
    });
    await core.start();
    return runningServer(core, storage, options);
  } catch (error) {
    await storage.close();
    throw error;
  }
};

function runningServer(core: Core, storage: StorageBackend, options: ServerOptions): RunningServer {
  const { logger, clock } = options;
  const room = new BodyRoom();
  const vault = vaultHandler(core.pipeline, clock, logger.named('http'), room);
  const platform = platformHandler({
    requests: core.platform.requests,
    room,
    ...{ clock, version, logger: logger.named('http') },
  });
  const serve: typeof vault = (request, response, connection, upgrade) => {
    if (!upgrade && isPlatformUrl(request.url)) platform(request, response, connection);
    else vault(request, response, connection, upgrade);
  };
  let stopping: Promise<void> | undefined;
  return {
    handler(request, response, connection, upgrade) {
      if (request.headers.origin === undefined) serve(request, response, connection, upgrade);
      else
        void admitOrigin(core.cors, request, response).then(
          (isAdmitted) => isAdmitted && serve(request, response, connection, upgrade),
        );
    },
    lifecycle: {
      async status() {
        const { initialised, sealed } = await core.lifecycle.status();
        return { initialized: initialised, sealed };
      },
      async initialize({ shares, threshold, rootToken }) {
        const request = { shares, threshold, pgpKeys: [] };
        const automatic = core.lifecycle.parts.seal.mode === 'auto';
        const result = await core.lifecycle.init({
          ...(automatic ? { recovery: request } : { unseal: request }),
          ...(rootToken === undefined ? {} : { rootTokenId: rootToken }),
        });
        return {
          rootToken: result.rootToken,
          keysBase64: ((automatic ? result.recoveryKeys : result.keys)?.bytes ?? []).map((share) =>
            Buffer.from(share).toString('base64'),
          ),
        };
      },
      async unseal(share) {
        const { sealed } = await core.lifecycle.submitShare(share, { migrate: false });
        return { sealed };
      },
    },
    request: (own) => ownRequest(core, own, clock.now()),
    async reload(configuration) {
      await core.reload(configuration);
    },
    stop() {
      stopping ??= (async () => {
        await core.stop();
        await storage.close();
      })();
      return stopping;
    },
  };
}

/** A request of the program's own: the same pipeline, from loopback. */
async function ownRequest(core: Core, own: OwnRequest, nowMs: number): Promise<JsonObject | undefined> {
  const operation = own.operation === 'create' || own.operation === 'update' ? 'write' : own.operation;
  const answer = await core.pipeline.run({
    id: crypto.randomUUID(),
    timeMs: nowMs,
    operation,
    namespaceHeader: '',
    path: own.path,
    token: own.token,
    data: own.data ?? {},
    wrapTtlSeconds: 0,
    remoteAddress: '127.0.0.1',
    remotePort: 0,
    clientCertificates: [],
    headers: {},
  });
  if (answer.error) throw answer.error;
  const { issued, reply } = answer.exchange;
  if (issued)
    return { client_token: issued.clientToken, accessor: issued.accessor, policies: issued.policies };
  return reply?.data ?? undefined;
}

async function openStorage(
  plugins: ReadonlyMap<string, StoragePlugin>,
  options: ServerOptions,
): Promise<StorageBackend> {
  const { type, settings } = options.configuration.storage;
  const plugin = plugins.get(type);
  if (!plugin)
    throw new StorageError(
      'invalid',
      `there is no storage "${type}"`,
      `This server has: ${[...plugins.keys()].join(', ')}.`,
    );
  return plugin.open(settings, {
    logger: options.logger.named(`storage.${type}`),
    onFatal: (error) => options.onFatal(error),
  });
}

async function openSeals(
  plugins: ReadonlyMap<string, SealPlugin>,
  options: ServerOptions,
): Promise<{ seal: Seal; retired: Seal[] }> {
  const stanzas =
    options.configuration.seals.length > 0
      ? options.configuration.seals
      : [{ type: 'shamir', settings: {}, disabled: false }];
  const context = { environment: options.environment, logger: options.logger.named('seal') };
  const open = (stanza: { readonly type: string; readonly settings: Readonly<Record<string, unknown>> }) => {
    const plugin = plugins.get(stanza.type);
    if (!plugin)
      throw new CofferError('invalid-request', `there is no seal "${stanza.type}"`, {
        hint: `This server has: ${[...plugins.keys()].join(', ')}.`,
      });
    return plugin.open(stanza.settings, context);
  };
  const active = stanzas.find((stanza) => !stanza.disabled);
  const seal = await open(active ?? { type: 'shamir', settings: {} });
  const retired: Seal[] = [];
  for (const stanza of stanzas) if (stanza.disabled) retired.push(await open(stanza));
  // Shares need no settings, so a store under them can always be migrated from.
  if (seal.type !== 'shamir' && !retired.some(({ type }) => type === 'shamir'))
    retired.push(await open({ type: 'shamir', settings: {} }));
  return { seal, retired };
}

/** The folder of the running program, where no audit file may ever be made. */
function programFolder(): string {
  return fileURLToPath(new URL('..', import.meta.url));
}
