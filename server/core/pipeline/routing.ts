import { CofferError } from '../../contracts/errors.ts';
import type { MountTable } from '../mounts/mount-table.ts';
import { type Namespace, rootNamespace } from '../namespaces/namespaces.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

/**
 * Finds the namespace (by header, then by leading segments of the path), the mount, and the declared path.
 * A path that leads nowhere is not an error yet: whether there is something is only said to those who may know.
 */
export async function route(exchange: Exchange, services: PipelineServices): Promise<void> {
  const { request } = exchange;
  if (request.path.startsWith('sys/') && routeLifecycle(exchange, services)) return;
  if (!services.isUnsealed()) throw new CofferError('sealed');
  let namespace: Namespace = rootNamespace;
  if (request.namespaceHeader !== '') {
    const found = await services.namespaces.find(request.namespaceHeader);
    if (!found || found.tainted) throw new CofferError('not-found', 'namespace not found');
    namespace = found;
  }
  let path = request.path;
  let table = services.mounts.peekTable(namespace) ?? (await services.mounts.table(namespace));
  let mount = table.resolve(path);
  while (!mount) {
    const child = await childNamespace(namespace, path, services);
    if (!child) break;
    namespace = child.namespace;
    path = child.path;
    table = await services.mounts.table(namespace);
    mount = table.resolve(path);
  }
  exchange.namespace = namespace;
  exchange.path = path;
  if (!mount) return;
  exchange.mount = mount;
  if (!mount.engine) await mount.load();
  await findTarget(exchange, table);
}

/** Paths that answer while sealed; they exist in the root namespace only. */
function routeLifecycle(exchange: Exchange, services: PipelineServices): boolean {
  const { request } = exchange;
  const bare = request.path.endsWith('/') ? request.path.slice(4, -1) : request.path.slice(4);
  const found = services.lifecyclePaths.find(bare);
  if (!found) return false;
  if (request.namespaceHeader !== '')
    throw new CofferError('invalid-request', 'operation unavailable in namespaces');
  exchange.mountPath = bare;
  exchange.target = found.target;
  exchange.parameters = found.parameters;
  exchange.access = found.target.declaration.access ?? 'token';
  return true;
}

async function childNamespace(
  parent: Namespace,
  path: string,
  services: PipelineServices,
): Promise<{ namespace: Namespace; path: string } | undefined> {
  const cut = path.indexOf('/');
  if (cut <= 0) return undefined;
  const namespace = await services.namespaces.find(`${parent.path}${path.slice(0, cut)}`);
  return namespace && !namespace.tainted ? { namespace, path: path.slice(cut + 1) } : undefined;
}

async function findTarget(exchange: Exchange, _table: MountTable): Promise<void> {
  const mount = exchange.mount!;
  const at = mount.fullPath.length;
  const { path } = exchange;
  exchange.mountPath = path.endsWith('/') ? path.slice(at, -1) : path.slice(at);
  const found = mount.paths!.find(exchange.mountPath);
  if (!found) return;
  const { declaration } = found.target;
  if (declaration.rootOnly && exchange.namespace.id !== rootNamespace.id) return;
  exchange.target = found.target;
  exchange.parameters = found.parameters;
  exchange.access = declaration.access ?? 'token';
}
