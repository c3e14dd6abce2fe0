import type { AuthMethod } from '../../contracts/auth-method.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { SecretsEngine } from '../../contracts/secrets-engine.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { PipelineServices } from '../pipeline/pipeline.ts';
import type { QuotaSubject } from './quota-rules.ts';
import type { InForce, Quotas } from './quotas.ts';

/** Step of the pipeline, before the token is looked at. Costs next to nothing while there is no rate limit. */
export function checkRateLimit(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const inForce = services.quotas.peek();
  if (!inForce) return services.isUnsealed() ? checkLoaded(exchange, services) : undefined;
  if (inForce.rateLimits.isEmpty) return;
  return takeRate(exchange, services.quotas, inForce);
}

async function checkLoaded(exchange: Exchange, services: PipelineServices): Promise<void> {
  await takeRate(exchange, services.quotas, await services.quotas.current());
}

function takeRate(exchange: Exchange, quotas: Quotas, inForce: InForce): Promise<void> | void {
  if (inForce.rateLimits.isEmpty) return;
  const role = inForce.rateLimits.hasRoles ? roleOf(exchange) : '';
  if (typeof role === 'string') take(exchange, quotas, inForce, role);
  else return role.then((found) => take(exchange, quotas, inForce, found));
}

function take(exchange: Exchange, quotas: Quotas, inForce: InForce, role: string): void {
  const { request } = exchange;
  const subject = subjectOf(exchange, role);
  const verdict = quotas.takeRate(inForce, subject, request.remoteAddress, request.timeMs);
  if (!verdict) return;
  const headers: Record<string, string> = {};
  if (inForce.config.enableRateLimitResponseHeaders) {
    headers['X-Ratelimit-Limit'] = `${verdict.limit}`;
    headers['X-Ratelimit-Remaining'] = `${verdict.remaining}`;
    headers['X-Ratelimit-Reset'] = `${verdict.resetSeconds}`;
  }
  if (!verdict.isAllowed) headers['Retry-After'] = `${verdict.retryAfterSeconds}`;
  exchange.headers = headers;
  if (!verdict.isAllowed)
    throw new CofferError(
      'rate-limited',
      `request path "${subject.namespacePath}${subject.path}": rate limit quota exceeded`,
    );
}

/**
 * Step of the pipeline, after the engine and before a token or lease is registered: refuses what would go beyond a
 * lease-count quota. A secret that was made already is taken back; a token that was made is ended by `undo`.
 */
export function checkLeaseCount(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const { reply } = exchange;
  if (!reply || (!reply.lease && !reply.auth && !reply.token?.fresh)) return;
  if (reply.token && reply.token.tokenType !== 'service') return;
  const inForce = services.quotas.peek();
  if (inForce?.leaseCounts.isEmpty) return;
  return takeLease(exchange, services);
}

async function takeLease(exchange: Exchange, services: PipelineServices): Promise<void> {
  const { reply } = exchange;
  const inForce = await services.quotas.current();
  if (inForce.leaseCounts.isEmpty) return;
  const role = inForce.leaseCounts.hasRoles ? await roleOf(exchange) : '';
  try {
    const isStored = reply?.token !== undefined;
    await services.quotas.takeLease(inForce, subjectOf(exchange, role), services.clock.now(), isStored);
  } catch (error) {
    if (reply?.token) exchange.issued = reply.token;
    if (reply?.lease) await takeBack(exchange, services);
    throw error;
  }
}

async function takeBack(exchange: Exchange, services: PipelineServices): Promise<void> {
  const { reply, mount, request } = exchange;
  const engine = mount?.engine as SecretsEngine | undefined;
  const nowMs = services.clock.now();
  try {
    await engine?.revoke?.({
      leaseId: `${exchange.path}/refused`,
      internal: reply?.lease?.internal ?? {},
      issuedAtMs: nowMs,
      expiresAtMs: nowMs,
      incrementSeconds: undefined,
    });
  } catch (error) {
    services.logger.error('a secret that a quota refused could not be taken back', {
      request_id: request.id,
      error: error instanceof Error ? error.message : 'unknown',
    });
  }
}

function subjectOf({ namespace, mount, path }: Exchange, role: string): QuotaSubject {
  return { namespacePath: namespace.path, mountPath: mount?.fullPath ?? '', path, role };
}

/** The role that a login names. Methods whose logins name it otherwise (AppRole's role id) resolve it themselves. */
function roleOf(exchange: Exchange): string | Promise<string> {
  const { mount, request } = exchange;
  if (mount?.entry.table !== 'auth' || request.operation !== 'write' || !isForAnyone(exchange)) return '';
  const method = mount.engine as AuthMethod | undefined;
  if (method?.loginRole)
    return method.loginRole(request.data).then(
      (role) => role ?? '',
      () => '',
    );
  const { role } = request.data;
  return typeof role === 'string' ? role : '';
}

function isForAnyone({ target }: Exchange): boolean {
  if (!target) return false;
  const { access, operations } = target.declaration;
  const declared = operations.write ?? operations.update ?? operations.create;
  return (declared?.access ?? access) === 'anyone';
}
