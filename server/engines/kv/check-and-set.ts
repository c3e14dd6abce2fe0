import { numberOf } from '../../../formats/json/index.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** Throws unless `options.cas` names the current version, or is left out where it may be. */
export function checkDataCas(options: JsonObject | undefined, required: boolean, current: number): void {
  const cas = options?.['cas'];
  if (cas === undefined || cas === null) {
    if (required) throw new CofferError('cas-mismatch', 'check-and-set parameter required for this call');
    return;
  }
  if (wholeNumber(cas) !== current) throw new CofferError('cas-mismatch');
}

/** The same for changes of metadata, where OpenBao has it. */
export function checkMetadataCas(cas: number | undefined, required: boolean, current: number): void {
  if (cas === undefined) {
    if (required)
      throw new CofferError('cas-mismatch', 'metadata check-and-set parameter required for this call');
    return;
  }
  if (cas !== current) {
    throw new CofferError(
      'cas-mismatch',
      'metadata check-and-set parameter did not match the current version',
    );
  }
}

/** Clients send it as a number or as text. */
function wholeNumber(cas: unknown): number {
  const number = typeof cas === 'string' && /^[+-]?\d+$/.test(cas) ? Number(cas) : numberOf(cas);
  if (number === undefined || !Number.isInteger(number)) {
    throw invalidRequest('error parsing check-and-set parameter');
  }
  return number;
}
