import { stringifyJson } from '../../../../formats/json/index.ts';
import type { JsonObject, Reply } from '../../../contracts/request.ts';

/** A body as OpenID Connect has it, without Vault's envelope. `data` is for the audit log, which hashes it. */
export function plainReply(
  body: JsonObject,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    data: body,
    raw: { contentType: 'application/json', body: stringifyJson(body), status },
    headers,
  };
}

/** Failures of the authorisation endpoint (OpenID Connect Core 3.1.2.6, and Vault's own codes). */
export class AuthorizeError extends Error {
  readonly code: string;

  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}

/** Failures of the token endpoint (RFC 6749 section 5.2). */
export class TokenError extends Error {
  readonly code: string;

  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}

/** Failures of userinfo (RFC 6750 section 3.1). */
export class UserInfoError extends Error {
  readonly code: 'invalid_request' | 'invalid_token' | 'access_denied';

  constructor(code: UserInfoError['code'], description: string) {
    super(description);
    this.code = code;
  }
}

export function authorizeErrorReply({ code, message }: AuthorizeError, state: string): Reply {
  return plainReply({ error: code, error_description: message, state }, 400);
}

/** A client that failed to authenticate is asked to (401); nothing of this may be kept by a cache. */
export const tokenHeaders = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

export function tokenErrorReply({ code, message }: TokenError): Reply {
  const isClient = code === 'invalid_client';
  return plainReply({ error: code, error_description: message }, isClient ? 401 : 400, {
    ...tokenHeaders,
    ...(isClient ? { 'WWW-Authenticate': 'Basic' } : {}),
  });
}

const userInfoStatus = { invalid_request: 400, invalid_token: 401, access_denied: 403 } as const;

export function userInfoErrorReply({ code, message }: UserInfoError): Reply {
  const challenge = `Bearer error="${code}",error_description="${message}"`;
  return plainReply(
    { error: code, error_description: message },
    userInfoStatus[code],
    code === 'access_denied' ? {} : { 'WWW-Authenticate': challenge },
  );
}
