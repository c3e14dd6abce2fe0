import { credentialsOfHeaders } from '../mfa/index.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

const notice =
  'A login request was issued that is subject to MFA validation. Please make sure to validate the login by sending another request to mfa/validate endpoint.';

/**
 * A login for which a second factor is enforced gets its token only with one. Without it the answer says what is
 * missing and holds nothing of what the auth method granted.
 */
export function checkSecondFactor(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  if (exchange.reply?.auth && exchange.mount) return ask(exchange, services);
}

async function ask(exchange: Exchange, { mfa }: PipelineServices): Promise<void> {
  const { reply, mount, namespace, path, request } = exchange;
  if (!reply?.auth || !mount) return;
  const { wrapTtlSeconds } = request;
  const login = { grant: reply.auth, mount, namespace, path, wrapTtlSeconds };
  const missing = await mfa.ask(login, credentialsOfHeaders(request.headers));
  if (!missing) return;
  exchange.mfa = missing;
  exchange.reply = { data: null, warnings: [...(reply.warnings ?? []), notice] };
}
