/** The protocol that a browser asks for besides the one that carries its token; the only one that is ever answered. */
export const eventsProtocol = 'coffer.events';
const tokenProtocol = 'coffer.token.';

/**
 * A page cannot set headers on a WebSocket. It says `new WebSocket(url, ['coffer.events', 'coffer.token.' + base64url(token)])`, and
 * the token stays out of the URL, which others log.
 */
export function tokenOfProtocols(header: string | undefined): string | undefined {
  for (const protocol of header?.split(',') ?? []) {
    const name = protocol.trim();
    if (!name.startsWith(tokenProtocol)) continue;
    const encoded = name.slice(tokenProtocol.length);
    if (!/^[A-Za-z0-9_-]{1,24000}$/.test(encoded)) return undefined;
    return Buffer.from(encoded, 'base64url').toString('utf8');
  }
  return undefined;
}
