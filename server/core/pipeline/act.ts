import { CofferError } from '../../contracts/errors.ts';
import type { Call, FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import { noRoute } from '../mounts/mount.ts';
import { pathHelp } from '../router/path-help.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';
import { readsWrappedAnswer, wrappedAnswer } from './wrapped-answer.ts';

/** Types of mounts whose handlers are given the token as it came. */
const tokenReaders: ReadonlySet<string | undefined> = new Set(['token', 'system', 'identity']);
const noHeaders: Readonly<Record<string, readonly string[]>> = Object.freeze({});

/** Reads the declared fields and calls the engine's handler. */
export async function act(exchange: Exchange, services: PipelineServices): Promise<void> {
  const { target, request, mount } = exchange;
  if (!mount && !target) throw noRoute(exchange.path);
  if (exchange.operation === 'help') {
    exchange.reply = pathHelp(exchange);
    return;
  }
  if (!target) throw new CofferError('no-route', '1 error occurred:\n\t* unsupported path\n\n');
  const { declared } = exchange;
  if (!declared)
    throw new CofferError('unsupported-operation', '1 error occurred:\n\t* unsupported operation\n\n');
  exchange.fields ??= target.fields.read(exchange.parameters, request.data);
  const warnings = target.fields.warnings(request.data);
  if (warnings) exchange.warnings = exchange.warnings ? [...exchange.warnings, ...warnings] : warnings;
  exchange.acted = true;
  if (readsWrappedAnswer(exchange)) {
    exchange.reply = await wrappedAnswer(exchange, services);
    return;
  }
  const call = callOf(exchange);
  exchange.reply = await (mount && declared.claimedAlias
    ? services.lockout.guard(mount, declared.claimedAlias(call), () => declared.handler(call))
    : declared.handler(call));
}

/** The handler's view of the exchange. */
export function callOf(exchange: Exchange): Call<FieldValues<FieldDeclarations>> {
  const { request, mount } = exchange;
  const passed = mount?.entry.config.passthroughRequestHeaders;
  return {
    operation: exchange.operation,
    path: exchange.mountPath,
    fields: exchange.fields as FieldValues<FieldDeclarations>,
    data: request.data,
    caller: exchange.caller,
    origin: {
      requestId: request.id,
      remoteAddress: request.remoteAddress,
      remotePort: request.remotePort,
      clientCertificates: request.clientCertificates,
      ...(request.token !== undefined && tokenReaders.has(mount?.entry.type) ? { token: request.token } : {}),
      ...(request.headers.authorization !== undefined && mount?.entry.type === 'identity'
        ? { authorization: request.headers.authorization }
        : {}),
      ...(mount?.entry.type === 'system'
        ? { wrapTtlSeconds: request.wrapTtlSeconds, isWebSocket: request.isWebSocket ?? false }
        : {}),
      headers: passed ? passThrough(request.headers, passed) : noHeaders,
    },
    namespace: exchange.namespace,
  };
}

function passThrough(
  headers: Exchange['request']['headers'],
  names: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const passed: Record<string, readonly string[]> = {};
  for (const name of names) {
    const key = name.toLowerCase();
    const value = headers[key];
    // The token never reaches an engine, whatever the mount's tuning says.
    if (value === undefined || key === 'x-vault-token' || key === 'authorization') continue;
    passed[key] = Array.isArray(value) ? value : [value];
  }
  return passed;
}
