import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { declaredError } from '../../core/pipeline/pipeline.ts';
import {
  checkWorkspaceName,
  type PlatformOperation,
  platformOperations,
  type Requests,
} from '../../platform/index.ts';
import type { BodyLimits } from '../body.ts';
import type { BodyRoom } from '../body-room.ts';
import { decode, type PlatformMessage, prefix } from './decode.ts';
import { encode, encodeProblem } from './encode.ts';
import { openApiDocument } from './openapi.ts';
import { OperationRouter } from './operation-router.ts';

/** One connection as the listener knows it. */
export interface PlatformConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly clientCertificates: readonly Uint8Array[];
  readonly listener: BodyLimits;
}

export function isPlatformUrl(url: string | undefined): boolean {
  return url?.startsWith(prefix) ?? false;
}

export interface PlatformParts {
  readonly requests: Requests;
  readonly room: BodyRoom;
  readonly clock: Clock;
  readonly version: string;
  readonly logger: Logger;
}

/** Serves the platform API under `/api/v1/`. Never throws, never rejects. */
export function platformHandler({ requests, room, clock, version, logger }: PlatformParts) {
  const router = new OperationRouter(platformOperations);
  let document: JsonObject | undefined;
  return (message: IncomingMessage, response: ServerResponse, connection: PlatformConnection): void => {
    serve(message, response, connection).catch((thrown: unknown) => {
      logger.error('an answer could not be written', {
        error: thrown instanceof Error ? thrown.name : 'unknown',
      });
      response.destroy();
    });
  };

  async function serve(
    message: IncomingMessage,
    response: ServerResponse,
    connection: PlatformConnection,
  ): Promise<void> {
    const requestId = randomUUID();
    let hasToken = true;
    try {
      const decoded = await decode(message, room, connection.listener);
      if (decoded.path === 'openapi.json' && decoded.method === 'GET') {
        document ??= openApiDocument(platformOperations, version);
        encode(200, { body: document }, response);
        return;
      }
      hasToken = decoded.token !== undefined;
      const { operation, reply } = await run(decoded, message, connection);
      encode(operation.status, reply, response);
    } catch (thrown) {
      const error = declaredError(thrown);
      if (error.status >= 500 && !(thrown instanceof CofferError))
        logger.error('request failed', {
          request_id: requestId,
          cause: thrown instanceof Error ? thrown.stack?.split('\n').slice(0, 4).join(' | ') : 'unknown',
        });
      encodeProblem(error, { requestId, hasToken }, response);
    }
  }

  async function run(decoded: PlatformMessage, message: IncomingMessage, connection: PlatformConnection) {
    const { operation, fields, parameters } = router.find(decoded);
    // Before anything of the request is looked at: nobody without a token learns what is right and wrong in it.
    if (decoded.token === undefined) throw new CofferError('permission-denied');
    const { workspace: inBody, ...data } = { ...decoded.query, ...decoded.body };
    const workspace = operation.inWorkspace ? workspaceOf(decoded.workspaceHeader, inBody) : '';
    const unknown = fields.warnings(data);
    if (unknown) throw invalidRequest(unknown.join('; '));
    const reply = await operation.handler({
      fields: fields.read(parameters, data) as Parameters<PlatformOperation['handler']>[0]['fields'],
      workspace,
      ifMatch: decoded.ifMatch,
      requests: requests.from({
        timeMs: clock.now(),
        token: decoded.token,
        remoteAddress: connection.remoteAddress,
        remotePort: connection.remotePort,
        clientCertificates: connection.clientCertificates,
        headers: message.headers,
      }),
    });
    return { operation, reply };
  }
}

function workspaceOf(header: string, given: unknown): string {
  if (given !== undefined && typeof given !== 'string') throw invalidRequest('the workspace is a name');
  const name = given ?? header;
  if (header !== '' && name !== header)
    throw invalidRequest('the header and the request name two workspaces');
  if (name === '')
    throw invalidRequest('the request names no workspace', {
      hint: 'Send ?workspace=NAME, "workspace" in the body, or the header X-Coffer-Workspace.',
    });
  checkWorkspaceName(name);
  return name;
}
