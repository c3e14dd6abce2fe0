import { DurationError, parseWholeSeconds } from '../../../formats/duration/index.ts';
import { numberOf } from '../../../formats/json/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** Reads a connection's details, which come as any JSON: numbers and booleans perhaps as text. Throws 'invalid-request' naming the word. */
export class DetailReader {
  readonly #details: JsonObject;

  constructor(details: JsonObject) {
    this.#details = details;
  }

  text(name: string): string {
    const value = this.#details[name];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw wrong(name, 'string');
  }

  int(name: string): number | undefined {
    const value = this.#details[name];
    if (value === undefined || value === null || value === '') return undefined;
    const number =
      typeof value === 'string' ? (/^[-+]?\d+$/.test(value) ? Number(value) : undefined) : numberOf(value);
    if (number === undefined || !Number.isSafeInteger(number)) throw wrong(name, 'int');
    return number;
  }

  bool(name: string): boolean | undefined {
    const value = this.#details[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(?:1|t|true)$/i.test(value)) return true;
    if (typeof value === 'string' && /^(?:0|f|false)$/i.test(value)) return false;
    throw wrong(name, 'bool');
  }

  seconds(name: string): number | undefined {
    const value = this.#details[name];
    if (value === undefined || value === null || value === '') return undefined;
    try {
      return parseWholeSeconds(value);
    } catch (error) {
      if (error instanceof DurationError)
        throw invalidRequest(`invalid ${name}: ${error.message}`, { hint: error.hint });
      throw error;
    }
  }
}

/** In Vault's words. */
function wrong(name: string, type: string): Error {
  return invalidRequest(
    `decoding failed due to the following error(s):\n\n'${name}' cannot parse value as '${type}'`,
  );
}
