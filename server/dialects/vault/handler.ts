import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { declaredError, type Pipeline } from '../../core/pipeline/pipeline.ts';
import { decode } from './decode.ts';
import { encode, encodeError } from './encode.ts';

export interface VaultConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly clientCertificates: readonly Uint8Array[];
}

/** Serves Vault's HTTP API: decode, pipeline, encode. Never throws, never rejects. */
export function vaultHandler(pipeline: Pipeline, clock: Clock, logger: Logger) {
  return (
    message: IncomingMessage,
    response: ServerResponse,
    connection: VaultConnection,
    maxRequestBytes: number,
  ): void => {
    serve(message, response, connection, maxRequestBytes).catch((thrown: unknown) => {
      logger.error('an answer could not be written', {
        error: thrown instanceof Error ? thrown.message : 'unknown',
      });
      response.destroy();
    });
  };

  async function serve(
    message: IncomingMessage,
    response: ServerResponse,
    connection: VaultConnection,
    maxRequestBytes: number,
  ): Promise<void> {
    let request: Awaited<ReturnType<typeof decode>>;
    try {
      request = await decode(message, {
        remoteAddress: connection.remoteAddress,
        remotePort: connection.remotePort,
        clientCertificates: connection.clientCertificates,
        maxRequestBytes,
        nowMs: clock.now(),
      });
    } catch (thrown) {
      const error = declaredError(thrown);
      if (!(thrown instanceof CofferError))
        logger.error('a request could not be decoded', {
          error: thrown instanceof Error ? thrown.message : 'unknown',
        });
      encodeError(error, undefined, response);
      return;
    }
    encode(await pipeline.run(request), response);
  }
}
