import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { CompiledPath } from '../mounts/mount.ts';
import type { MountRoute } from '../mounts/mount-table.ts';
import type { Mounts } from '../mounts/mounts.ts';
import { type Namespace, type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

const unlockPath = 'sys/namespaces/api-lock/unlock';

/** Where a path leads: the innermost namespace that its leading segments name, and the mount there, if any. */
export interface Place {
  readonly namespace: Namespace;
  /** Relative to `namespace`. */
  readonly path: string;
  readonly route: MountRoute | undefined;
}

/**
 * Finds the namespace (by header, then by leading segments of the path), the mount, and the declared path.
 * A path that leads nowhere is not an error yet: whether there is something is only said to those who may know.
 */
export function route(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const { request } = exchange;
  if (request.path.startsWith('sys/') && routeLifecycle(exchange, services)) return;
  if (!services.isUnsealed()) throw new CofferError('sealed');
  if (request.namespaceHeader === '') {
    const found = services.mounts.peekTable(rootNamespace)?.resolve(request.path);
    if (found?.mount.engine) {
      arrive(exchange, found);
      findTarget(exchange, found);
      return;
    }
  }
  return routeWaiting(exchange, services);
}

/** Follows `path` from `start` through child namespaces. A mount wins over a child of its name. */
export async function locate(
  services: { readonly namespaces: Namespaces; readonly mounts: Mounts },
  start: Namespace,
  startPath: string,
): Promise<Place> {
  let namespace = start;
  let path = startPath;
  for (;;) {
    const found = (await services.mounts.table(namespace)).resolve(path);
    if (found) return { namespace, path, route: found };
    const cut = path.indexOf('/');
    const child =
      cut > 0 ? await services.namespaces.find(`${namespace.path}${path.slice(0, cut)}`) : undefined;
    if (!child || child.tainted) return { namespace, path, route: undefined };
    namespace = child;
    path = path.slice(cut + 1);
  }
}

async function routeWaiting(exchange: Exchange, services: PipelineServices): Promise<void> {
  const { request } = exchange;
  const start = await services.namespaces.find(request.namespaceHeader);
  if (!start || start.tainted) throw await unknownNamespace(exchange, services);
  const place = await locate(services, start, request.path);
  exchange.namespace = place.namespace;
  exchange.path = place.path;
  const found = place.route;
  if (found) arrive(exchange, found);
  if (place.namespace.path !== '') await refuseLocked(exchange, services);
  if (!found) return;
  if (!found.mount.engine) await found.mount.load();
  findTarget(exchange, found);
}

/** Paths that answer while sealed; they exist in the root namespace only. */
function routeLifecycle(exchange: Exchange, services: PipelineServices): boolean {
  const { request } = exchange;
  const bare = request.path.endsWith('/') ? request.path.slice(4, -1) : request.path.slice(4);
  const found = services.lifecyclePaths.find(bare);
  if (!found) return false;
  if (request.namespaceHeader !== '') throw unavailableInNamespaces();
  exchange.mountPath = bare;
  exchange.target = found.target;
  exchange.parameters = found.parameters;
  exchange.access = found.target.declaration.access ?? 'token';
  return true;
}

/** From here on the mount waits for this request before it goes; the pipeline calls `leave`. */
function arrive(exchange: Exchange, { mount }: MountRoute): void {
  mount.enter();
  exchange.mount = mount;
}

function findTarget(exchange: Exchange, { mount, fullPath }: MountRoute): void {
  const { path } = exchange;
  exchange.mountPath = path.slice(fullPath.length, path.endsWith('/') ? -1 : undefined);
  const found = mount.paths?.find(exchange.mountPath);
  if (!found) return;
  const { target, parameters } = found;
  if (target.declaration.rootOnly && exchange.namespace.id !== rootNamespace.id)
    throw unavailableInNamespaces();
  exchange.target = target;
  exchange.parameters = parameters;
  exchange.access = target.declaration.access ?? 'token';
  if (target.lowerCase.length > 0) lowerCase(exchange, target, fullPath);
}

/**
 * Names that are read in lower case have one form before anybody looks at the path, so that no spelling goes
 * round a policy that names another.
 */
function lowerCase(exchange: Exchange, { pattern, declaration, lowerCase }: CompiledPath, at: string): void {
  let parameters = exchange.parameters;
  for (const name of lowerCase) {
    const given = parameters[name];
    const lower = given?.toLowerCase();
    if (lower === undefined || lower === given) continue;
    parameters = { ...parameters, [name]: lower };
    const noun = declaration.fields[name]?.lowerCaseWarning;
    const isWrite = exchange.request.operation === 'write';
    if (noun !== undefined && isWrite) exchange.warnings = [`${noun} was converted to ${lower}`];
  }
  if (parameters === exchange.parameters) return;
  const values = parameters;
  exchange.parameters = values;
  exchange.mountPath = pattern.replace(
    /\{([a-z_]+)\??(?:\.\.\.)?\}/g,
    (_all, name: string) => values[name] ?? '',
  );
  exchange.path = `${at}${exchange.mountPath}${exchange.path.endsWith('/') ? '/' : ''}`;
}

/** Only who may act there is told that a namespace does not exist. */
async function unknownNamespace(
  { request }: Exchange,
  { tokenStore }: PipelineServices,
): Promise<CofferError> {
  const token = request.token ? await tokenStore.find(request.token) : undefined;
  if (!token || !`${request.namespaceHeader}/`.startsWith(token.namespace.path))
    return new CofferError('permission-denied');
  return new CofferError('not-found', 'namespace not found');
}

async function refuseLocked(exchange: Exchange, { namespaces }: PipelineServices): Promise<void> {
  if (exchange.path === unlockPath) return;
  const locked = await namespaces.lockedBy(exchange.namespace);
  if (locked)
    throw new CofferError(
      'unavailable',
      `API access to this namespace has been locked by an administrator - "${locked.path}" must be unlocked to gain access.`,
    );
}

function unavailableInNamespaces(): CofferError {
  return invalidRequest('operation unavailable in namespaces');
}
