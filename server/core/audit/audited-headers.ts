import { quoted } from './json-text.ts';
import type { SaltedHash } from './salted-hash.ts';

export type HeaderSettings = Readonly<Record<string, { readonly hmac: boolean }>>;

/** Written as a hash whatever the settings say: these carry credentials by definition. */
const alwaysHashed = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  // The only header that a browser's page can set on a WebSocket, so it carries the token there.
  'sec-websocket-protocol',
  'x-vault-mfa',
  'x-vault-token',
]);

/** Which request headers are written to the audit log. None unless configured. Names are lower-cased. */
export class AuditedHeaders {
  #settings: readonly (readonly [name: string, hmac: boolean])[] = [];

  replace(settings: HeaderSettings): void {
    this.#settings = Object.entries(settings).map(([name, { hmac }]) => {
      const lower = name.toLowerCase();
      return [lower, hmac || alwaysHashed.has(lower)];
    });
  }

  /** The member `headers` with a comma before it, or nothing. Hashed even on a raw device, as in Vault. */
  fragment(
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
    salted: SaltedHash,
  ): string {
    if (this.#settings.length === 0) return '';
    let text = '';
    for (const [name, hmac] of this.#settings) {
      const value = headers[name];
      if (value === undefined) continue;
      const values = typeof value === 'string' ? [value] : value;
      const list = values.map((each) => quoted(hmac ? salted.text(each) : each)).join(',');
      text += `${text === '' ? '' : ','}${quoted(name)}:[${list}]`;
    }
    return text === '' ? '' : `,"headers":{${text}}`;
  }
}
