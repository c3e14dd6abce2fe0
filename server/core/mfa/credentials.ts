import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** What a caller offers, by id or name of the method: passcodes, or none where a method takes none. */
export type MfaCredentials = ReadonlyMap<string, readonly string[]>;

const headerName = 'x-vault-mfa';
const mostCredentials = 32;

/**
 * The header `X-Vault-MFA: METHOD[:PASSCODE]`, which may be sent more than once. Undefined without one. Throws
 * 'invalid-request', never with what was given.
 */
export function credentialsOfHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): MfaCredentials | undefined {
  const given = headers[headerName];
  if (given === undefined) return undefined;
  // Several of the same header come as one, with commas between.
  const parts = (typeof given === 'string' ? given : given.join(','))
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  return collected(
    parts.map((part): [string, string[]] => {
      const colon = part.indexOf(':');
      if (colon < 0) return [part, []];
      const [method, value] = [part.slice(0, colon), part.slice(colon + 1)];
      if (method === '')
        throw invalidRequest('invalid data in header "X-Vault-MFA"; missing method name or ID');
      if (value === '') throw invalidRequest('invalid data in header "X-Vault-MFA"; missing method value');
      return [method, [value]];
    }),
  );
}

/** `mfa_payload`: passcodes by the id of the method. Throws 'invalid-request', never with what was given. */
export function credentialsOfPayload(payload: JsonObject): MfaCredentials {
  return collected(
    Object.entries(payload).map(([method, given]): [string, string[]] => {
      const values: unknown[] = Array.isArray(given) ? given : given === null ? [] : [given];
      const texts = values.filter((value) => typeof value === 'string');
      if (texts.length !== values.length) throw invalidRequest('invalid mfa payload');
      return [method, texts];
    }),
  );
}

/** The one passcode among what is offered for a method; a sentence of Vault's when there is not one. */
export function passcodeOf(
  values: readonly string[],
): { readonly passcode: string } | { readonly problem: string } {
  let passcode = '';
  for (const value of values) {
    const bare = value.startsWith('passcode=') ? value.slice('passcode='.length) : value;
    if (value === '') continue;
    if (bare === '') return { problem: 'invalid passcode' };
    if (bare.includes('=')) return { problem: 'found an invalid MFA cred' };
    if (passcode !== '') return { problem: 'found multiple passcodes for the same MFA method' };
    passcode = bare;
  }
  return passcode === '' ? { problem: 'MFA credentials not supplied' } : { passcode };
}

function collected(pairs: readonly [string, readonly string[]][]): MfaCredentials {
  if (pairs.length > mostCredentials) throw invalidRequest('too many MFA credentials');
  const found = new Map<string, readonly string[]>();
  for (const [method, values] of pairs) found.set(method, [...(found.get(method) ?? []), ...values]);
  return found;
}
