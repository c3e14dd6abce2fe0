import type { IssuedToken } from '../../contracts/token-service.ts';
import { rootNamespace } from '../namespaces/namespaces.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

/** A login becomes a token. */
export function registerToken(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const { reply, mount } = exchange;
  if (!reply) return;
  addWarnings(exchange, reply.warnings);
  if (reply.token) setIssued(exchange, reply.token);
  else if (reply.auth && mount)
    return services.tokens.login(reply.auth, mount, exchange.namespace, exchange.path).then((issued) => {
      setIssued(exchange, issued);
      services.events.login(exchange.namespace, mount.info, exchange.path, issued);
    });
}

function setIssued(exchange: Exchange, issued: IssuedToken): void {
  exchange.issued = issued;
  addWarnings(exchange, issued.warnings);
}

/** A dynamic secret gets its lease, stored before the caller sees the secret. */
export function registerLease(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const { reply, mount, namespace, path, token } = exchange;
  if (reply?.renewed) exchange.lease = reply.renewed;
  if (!reply?.lease || !mount) return;
  return services.leases.register({ mount, namespace, path, grant: reply.lease, token }).then((lease) => {
    exchange.lease = lease;
    addWarnings(exchange, lease.warnings);
  });
}

/** Replaces the answer by a wrapping token when the caller asked for one. */
export function wrapReply(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const { reply, request, operation, target } = exchange;
  if (reply?.wrap) {
    exchange.wrap = reply.wrap;
    return;
  }
  const ttlSeconds = request.wrapTtlSeconds > 0 ? request.wrapTtlSeconds : (reply?.wrapTtlSeconds ?? 0);
  if (ttlSeconds <= 0 || !reply || operation === 'help') return;
  // What a login still needs is no secret, and has to be read; its token is wrapped when there is one.
  if (exchange.mfa) return;
  if (target?.declaration.whileSealed) return;
  return services.wrapping.wrap(exchange, ttlSeconds).then((wrap) => {
    exchange.wrap = wrap;
  });
}

/** The answer cannot be given: what was granted with it ends now, and if that fails, at its time. */
export async function undo(exchange: Exchange, services: PipelineServices): Promise<void> {
  try {
    if (exchange.lease && exchange.reply?.lease)
      await services.leases.revokeNow(exchange.namespace, exchange.lease.id);
    if (exchange.issued?.fresh && exchange.issued.tokenType === 'service')
      await services.tokens.revoke(exchange.issued.clientToken, rootNamespace);
    if (exchange.wrap) await services.tokens.revoke(exchange.wrap.token, rootNamespace);
  } catch (error) {
    services.logger.error('what a failed request granted could not be ended at once', {
      request_id: exchange.request.id,
      error: error instanceof Error ? error.message : 'unknown',
    });
  }
}

function addWarnings(exchange: Exchange, warnings: readonly string[] | undefined): void {
  if (!warnings || warnings.length === 0) return;
  exchange.warnings = [...(exchange.warnings ?? []), ...warnings];
}
