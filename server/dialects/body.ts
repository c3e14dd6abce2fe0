import type { IncomingMessage } from 'node:http';
import { JsonError, type JsonValue, parseJson } from '../../formats/json/index.ts';
import { CofferError, invalidRequest } from '../contracts/errors.ts';
import type { JsonObject } from '../contracts/request.ts';
import { BodyPlace, type BodyRoom, freeBytes } from './body-room.ts';

export interface BodyLimits {
  readonly maxRequestBytes: number;
  readonly maxRequestJsonDepth: number;
}

/** One object for all requests that bring nothing, so that what is derived from it is derived once. */
export const noData: JsonObject = Object.freeze({});
const maxQueryParameters = 1000;
/** Far above what any client sends (Vault allows 10,000 in one list); what is above would hold up everybody else. */
const maxJsonValues = 100_000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The whole body. One that is too large is read to its end within reason and thrown away, so that the client
 * gets to hear the answer; so is one for which the room that all share has no place. Parse it at once: its room is
 * given back in the next turn of the event loop.
 */
export function readBody(
  message: IncomingMessage,
  { maxRequestBytes }: BodyLimits,
  room?: BodyRoom,
): Promise<Buffer> {
  const mostRead = 2 * maxRequestBytes;
  if (Number(message.headers['content-length'] ?? 0) > mostRead)
    return Promise.reject(tooLarge(maxRequestBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const place = new BodyPlace(room);
    let size = 0;
    let refused: unknown;
    const refuse = (error: unknown): void => {
      refused ??= error;
      chunks.length = 0;
      place.giveBack();
    };
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxRequestBytes) refuse(tooLarge(maxRequestBytes));
      else if (!place.grow(size)) refuse(new CofferError('too-busy'));
      if (refused === undefined) chunks.push(chunk);
      if (size <= mostRead) return;
      message.pause();
      reject(refused);
    });
    message.on('end', () => {
      if (refused !== undefined) reject(refused);
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      if (size > freeBytes) setImmediate(() => place.giveBack());
    });
    const endedEarly = (): void => {
      refuse(invalidRequest('the request body ended early'));
      reject(refused);
    };
    message.on('error', endedEarly);
    message.on('close', () => {
      if (!message.complete) endedEarly();
    });
  });
}

/** The fields of a JSON object or a form. Says what is wrong and where, never what the body holds. */
export function parseBody(body: Buffer, contentType: string | undefined, limits: BodyLimits): JsonObject {
  if (body.length === 0) return noData;
  const text = decodeText(body, 'failed to decode JSON input: the body');
  if (contentType?.startsWith('application/x-www-form-urlencoded') && body[0] !== 0x7b)
    return parseQuery(text);
  let value: JsonValue;
  try {
    value = parseJson(text, { maxDepth: limits.maxRequestJsonDepth, maxValues: maxJsonValues });
  } catch (error) {
    if (error instanceof JsonError) throw invalidRequest(`failed to decode JSON input: ${error.message}`);
    throw error;
  }
  if (value === null) return noData;
  if (typeof value !== 'object' || Array.isArray(value) || JSON.isRawJSON(value))
    throw invalidRequest('failed to decode JSON input: the body must be a JSON object');
  return value;
}

/** Single values are strings, repeated names lists, as Vault's framework sees them. */
export function parseQuery(text: string): JsonObject {
  // Before they are taken apart: for many, URLSearchParams takes time that grows with their square.
  refuseManyParameters(text);
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (name === '__proto__') continue;
    const before = Object.hasOwn(query, name) ? query[name] : undefined;
    if (Array.isArray(before)) before.push(value);
    else query[name] = before === undefined ? value : [before, value];
  }
  return query;
}

function refuseManyParameters(text: string): void {
  let count = 1;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    if (++count > maxQueryParameters)
      throw invalidRequest(`there are more than ${maxQueryParameters} parameters`);
  }
}

/** `what` begins the sentence for bytes that are not UTF-8. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidRequest(`${what} is not valid UTF-8`);
  }
}

function tooLarge(maxBytes: number): CofferError {
  return new CofferError('too-large', undefined, {
    hint: `Bodies are limited to ${maxBytes} bytes (max_request_size).`,
  });
}
