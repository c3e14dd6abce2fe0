import type { Reply } from '../../contracts/request.ts';
import { isWrapping } from '../tokens/token-entry.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';

/** The oldest way to unwrap: a wrapping token reads `cubbyhole/response`, which is where answers waited before `sys/wrapping`. */
export function readsWrappedAnswer({ token, mount, mountPath, operation }: Exchange): boolean {
  return (
    operation === 'read' &&
    mountPath === 'response' &&
    mount?.entry.type === 'cubbyhole' &&
    token !== undefined &&
    isWrapping(token.entry)
  );
}

/** The answer as text in `data.response`, with Vault's advice; the read was the one use of the token. */
export async function wrappedAnswer(
  { token }: Exchange,
  { wrapping }: PipelineServices,
): Promise<Reply | undefined> {
  if (!token) return undefined;
  const { body } = await wrapping.unwrap(token);
  return { data: { response: body.trimEnd() }, warnings: [deprecation] };
}

const deprecation =
  "Reading from 'cubbyhole/response' is deprecated. Please use sys/wrapping/unwrap to unwrap responses, as it provides additional security checks and other benefits.";
