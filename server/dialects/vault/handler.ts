import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { IncomingRequest } from '../../core/pipeline/exchange.ts';
import { declaredError, type Pipeline } from '../../core/pipeline/pipeline.ts';
import { BodyRoom } from '../body-room.ts';
import { decode, type VaultConnection } from './decode.ts';
import { encode, encodeError } from './encode.ts';
import { serveStream, type Upgrade } from './stream.ts';

/** Serves Vault's HTTP API: decode, pipeline, encode. Never throws, never rejects. */
export function vaultHandler(pipeline: Pipeline, clock: Clock, logger: Logger, room = new BodyRoom()) {
  return (
    message: IncomingMessage,
    response: ServerResponse,
    connection: VaultConnection,
    upgrade?: Upgrade,
  ): void => {
    serve(message, response, connection, upgrade).catch((thrown: unknown) => {
      logger.error('an answer could not be written', { error: nameOf(thrown) });
      response.destroy();
    });
  };

  async function serve(
    message: IncomingMessage,
    response: ServerResponse,
    connection: VaultConnection,
    upgrade: Upgrade | undefined,
  ): Promise<void> {
    let request: IncomingRequest;
    try {
      const decoded = decode(message, connection, clock.now(), room, upgrade !== undefined);
      request = decoded instanceof Promise ? await decoded : decoded;
    } catch (thrown) {
      if (!(thrown instanceof CofferError))
        logger.error('a request could not be decoded', { error: nameOf(thrown) });
      encodeError(declaredError(thrown), undefined, response);
      return;
    }
    const answer = await pipeline.run(request);
    const stream = answer.error ? undefined : answer.exchange.reply?.stream;
    if (!stream) encode(answer, response);
    else {
      const keepOpen = (onClosing: () => void) => connection.keepOpen(onClosing);
      await serveStream(stream, { message, response, upgrade, keepOpen, clock });
    }
  }
}

/** Never the message: it may quote what the client sent. */
function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : 'unknown';
}
