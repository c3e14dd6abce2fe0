import { invalidRequest } from '../../../contracts/errors.ts';

/** RFC 8252 section 7.3: a native application listens on a free port. Written out, so that nothing else is read as one. */
const loopback = /^(https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?((?:[/?][\x21-\x7e]*)?)$/;
const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/;
/** These would run in the page that follows them. */
const refusedSchemes = new Set(['javascript', 'data', 'vbscript', 'blob', 'about', 'file']);
const longest = 2048;

/** Throws 'invalid-request' for what no browser may be sent to (RFC 6749 section 3.1.2: absolute, without a fragment). */
export function checkRedirectUri(uri: string): void {
  const name = scheme.exec(uri)?.[1]?.toLowerCase();
  const isPrintable = /^[\x21-\x7e]+$/.test(uri) && !uri.includes('\\');
  if (uri.length > longest || !isPrintable || uri.includes('#') || !name || refusedSchemes.has(name))
    throw invalidRequest(
      'a redirect_uri must be an absolute URI without a fragment, a space or a backslash (e.g. https://app.example.com/callback)',
    );
}

/**
 * Whether a client registered `uri`: the very same characters, except for the port of a loopback address. URIs are
 * compared as text and never parsed, as two parsers seldom agree about hostile ones.
 */
export function isAllowedRedirect(uri: string, allowed: readonly string[]): boolean {
  if (allowed.includes(uri)) return true;
  const own = withoutPort(uri);
  return own !== undefined && allowed.some((other) => withoutPort(other) === own);
}

function withoutPort(uri: string): string | undefined {
  const found = loopback.exec(uri);
  if (!found || uri.includes('\\') || uri.includes('#')) return undefined;
  return `${found[1]} ${found[2]}`;
}
