import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { OperationDeclaration } from '../../contracts/paths.ts';
import type { Operation } from '../../contracts/request.ts';
import type { CompiledPath } from '../mounts/mount.ts';
import type { Acl } from '../policies/acl.ts';
import { callOf } from './act.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

/** Vault's words for a policy's no; a missing or unknown token gets them without the wrapping. */
const refusedByPolicy = '1 error occurred:\n\t* permission denied\n\n';

/** Finds the token and takes one of its uses. Why a token is refused is never said. */
export function authenticate(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  exchange.declared = declaredFor(exchange, exchange.operation);
  const access = exchange.request.isOpen ? 'anyone' : (exchange.declared?.access ?? exchange.access);
  exchange.access = access;
  if (access === 'anyone' && exchange.operation !== 'help') return;
  const { token } = exchange.request;
  if (token === undefined || token === '') throw new CofferError('permission-denied');
  if (!services.isUnsealed()) throw new CofferError('sealed');
  return admit(exchange, token, services);
}

async function admit(exchange: Exchange, token: string, services: PipelineServices): Promise<void> {
  let state = await services.tokenStore.find(token);
  if (!state || !exchange.namespace.path.startsWith(state.namespace.path)) throw refusal(exchange);
  if (!state.allowsAddress(exchange.request.remoteAddress)) throw new CofferError('permission-denied');
  if (state.entry.numUses > 0) {
    state = await services.tokenStore.use(state);
    if (!state) throw refusal(exchange);
  }
  exchange.token = state;
  exchange.caller = state.caller;
}

/** Of a wrapping token that is presented itself, Vault says what it is not. */
function refusal({ mount, mountPath, request }: Exchange): CofferError {
  const unwraps = mount?.entry.type === 'system' && /^wrapping\/(?:unwrap|rewrap)$/.test(mountPath);
  return new CofferError(unwraps && !request.data['token'] ? 'bad-wrapping-token' : 'permission-denied');
}

/** A write is `create` or `update` by what is there. */
export function decideOperation(exchange: Exchange): Promise<void> | void {
  const { request, target } = exchange;
  if (request.operation !== 'write') return;
  if (request.path.endsWith('/')) throw invalidRequest("cannot write to a path ending in '/'");
  if (target?.declaration.exists) return askExistence(exchange, target);
}

async function askExistence(exchange: Exchange, { declaration, fields }: CompiledPath): Promise<void> {
  let isThere = true;
  try {
    exchange.fields = fields.read(exchange.parameters, exchange.request.data);
    isThere = (await declaration.exists?.(callOf(exchange))) ?? true;
  } catch (error) {
    // A field that cannot be read is reported by the engine step, to those whom the policies let so far.
    if (!(error instanceof CofferError) || error.code !== 'invalid-request') throw error;
  }
  exchange.operation = isThere ? 'update' : 'create';
  exchange.declared = declaredFor(exchange, exchange.operation);
  exchange.access = exchange.declared?.access ?? exchange.access;
}

/** What the token's policies say of this operation on this path with these parameters. */
export function authorize(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  const { token } = exchange;
  if (!token) {
    // What is there may have made another operation of it than the one whose access was looked at.
    if (exchange.access !== 'anyone') throw new CofferError('permission-denied');
    return;
  }
  const acl = services.access.peek(token);
  if (acl) decide(exchange, acl);
  else return services.access.of(token).then((compiled) => decide(exchange, compiled));
}

function decide(exchange: Exchange, acl: Acl): void {
  const { wrapTtlSeconds, data } = exchange.request;
  const decision = acl.decide({
    operation: exchange.operation,
    namespace: exchange.namespace.path,
    path: exchange.path,
    sudo: exchange.access === 'sudo',
    data,
    wrapTtlSeconds: wrapTtlSeconds > 0 ? wrapTtlSeconds : undefined,
  });
  exchange.grantingPolicies = decision.grantingPolicies;
  if (!decision.allowed) throw new CofferError('permission-denied', refusedByPolicy);
}

function declaredFor(exchange: Exchange, operation: Operation): OperationDeclaration | undefined {
  const operations = exchange.target?.declaration.operations;
  if (!operations) return undefined;
  return (
    operations[operation] ??
    (operation === 'create' || operation === 'update'
      ? (operations.write ?? operations.update ?? operations.create)
      : undefined)
  );
}
