import { rootNamespace } from '../namespaces/namespaces.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

/** A login becomes a token. */
export async function registerToken(exchange: Exchange, services: PipelineServices): Promise<void> {
  const { reply, mount } = exchange;
  if (!reply) return;
  if (reply.token) exchange.issued = reply.token;
  else if (reply.auth && mount) {
    exchange.issued = await services.tokens.login(reply.auth, mount, exchange.namespace, exchange.path);
  }
  addWarnings(exchange, reply.warnings);
  addWarnings(exchange, exchange.issued?.warnings);
}

/** A dynamic secret gets its lease, stored before the caller sees the secret. */
export async function registerLease(exchange: Exchange, services: PipelineServices): Promise<void> {
  if (exchange.reply?.renewed) exchange.lease = exchange.reply.renewed;
  const grant = exchange.reply?.lease;
  if (!grant || !exchange.mount) return;
  exchange.lease = await services.leases.register({
    mount: exchange.mount,
    namespace: exchange.namespace,
    path: exchange.path,
    grant,
    token: exchange.token,
  });
}

/** Replaces the answer by a wrapping token when the caller asked for one. */
export async function wrapReply(exchange: Exchange, services: PipelineServices): Promise<void> {
  if (exchange.reply?.wrap) {
    exchange.wrap = exchange.reply.wrap;
    return;
  }
  if (exchange.request.wrapTtlSeconds <= 0 || !exchange.reply || exchange.operation === 'help') return;
  if (exchange.target?.declaration.whileSealed) return;
  exchange.wrap = await services.wrapping.wrap(exchange);
}

/** The answer cannot be given: what was granted with it ends now, and if that fails, at its time. */
export async function undo(exchange: Exchange, services: PipelineServices): Promise<void> {
  try {
    if (exchange.lease && exchange.reply?.lease)
      await services.leases.revokeNow(exchange.namespace, exchange.lease.id);
    if (exchange.issued?.fresh && exchange.issued.tokenType === 'service')
      await services.tokens.revoke(exchange.issued.clientToken, rootNamespace);
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
