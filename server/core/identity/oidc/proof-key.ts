import { hash } from 'node:crypto';
import { equalText } from '../../../crypto/constant-time.ts';
import { AuthorizeError, TokenError } from './oauth-reply.ts';
import type { CodeRecord } from './oidc-records.ts';

type Challenge = CodeRecord['challenge'];

/** RFC 7636 section 4.1: unreserved characters of a URI. */
const wellFormed = /^[A-Za-z0-9._~-]{43,128}$/;

/** The challenge of a request; undefined when it has none. Throws `AuthorizeError`. */
export function readChallenge(value: string | undefined, method: string): Challenge {
  if (value === undefined) return undefined;
  if (method !== '' && method !== 'plain' && method !== 'S256')
    throw new AuthorizeError('invalid_request', 'invalid code_challenge_method');
  if (!wellFormed.test(value)) throw new AuthorizeError('invalid_request', 'invalid code_challenge');
  return { method: method === 'S256' ? 'S256' : 'plain', value };
}

/** Throws `TokenError` unless whoever exchanges the code also asked for it. */
export function checkVerifier(challenge: Challenge, verifier: string, isPublic: boolean): void {
  if (!challenge) {
    if (isPublic) throw new TokenError('invalid_request', 'PKCE is required for public clients');
    if (verifier !== '')
      throw new TokenError('invalid_request', 'unexpected code_verifier for token exchange');
    return;
  }
  if (verifier === '') throw new TokenError('invalid_request', 'expected code_verifier for token exchange');
  const computed = challenge.method === 'S256' ? hash('sha256', verifier, 'base64url') : verifier;
  if (!equalText(computed, challenge.value))
    throw new TokenError('invalid_grant', 'invalid code_verifier for token exchange');
}
