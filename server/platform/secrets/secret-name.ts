import { invalidRequest } from '../../contracts/errors.ts';
import { checkCanonical } from '../../core/router/canonical-path.ts';

const longestBytes = 512;

/** One form for every interface: what a path in KV can be, without an end that reads as a verb of the API. */
export function checkSecretName(name: string): void {
  checkCanonical(name);
  if (name === '' || name.endsWith('/')) throw invalidRequest('a secret needs a name');
  if (Buffer.byteLength(name) > longestBytes)
    throw invalidRequest(`a secret's name cannot be longer than ${longestBytes} bytes`);
}

/** Only of new secrets: others may have been made through KV. */
export function checkNewSecretName(name: string): void {
  checkSecretName(name);
  if (/:[a-z-]+$/.test(name))
    throw invalidRequest('a secret’s name cannot end in a colon and a lower-case word', {
      hint: 'The API has its verbs there.',
    });
  if (/[*+]/.test(name)) throw invalidRequest('a secret’s name cannot hold "*" or "+"');
}
