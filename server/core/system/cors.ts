import type { Records } from '../../contracts/records.ts';

/** `sys/config/cors` as it is stored; absent while CORS is off. */
export interface CorsConfig {
  /** Origins, or `*` alone. */
  readonly allowedOrigins: readonly string[];
  /** Besides the standard ones. */
  readonly allowedHeaders: readonly string[];
  readonly allowCredentials: boolean;
}

/** What the HTTP layer has to do with a request that names its origin. */
export interface CorsVerdict {
  /** Added to the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request ends here with this status. */
  readonly status?: 204 | 403 | 405;
}

export const standardCorsHeaders: readonly string[] = [
  'Content-Type',
  'Authorization',
  'X-Vault-Token',
  'X-Vault-MFA',
  'X-Vault-No-Request-Forwarding',
  'X-Vault-Wrap-Format',
  'X-Vault-Wrap-TTL',
  'X-Requested-With',
  'X-Vault-AWS-IAM-Server-ID',
  'X-Vault-Policy-Override',
  'X-Vault-Namespace',
  'X-Vault-Request',
];

const methods = ['DELETE', 'GET', 'OPTIONS', 'POST', 'PUT', 'LIST', 'PATCH', 'SCAN'];
const key = 'config/cors';
const nothing: CorsVerdict = Object.freeze({ headers: {} });

/** Which web pages of other origins a browser lets talk to this server. Off until configured. */
export class Cors {
  readonly #records: Records;

  /** `records` are the root namespace's `sys/`. */
  constructor(records: Records) {
    this.#records = records;
  }

  async config(): Promise<CorsConfig | undefined> {
    return (await this.#records.get<CorsConfig>(key))?.value;
  }

  async configure(config: CorsConfig): Promise<void> {
    await this.#records.commit({ put: [[key, config]] });
  }

  async disable(): Promise<void> {
    await this.#records.commit({ remove: [key] });
  }

  /** As Vault: an origin that is not allowed is refused, a preflight is answered here. Not for sealed servers. */
  async judge(origin: string, method: string, wantedMethod: string | undefined): Promise<CorsVerdict> {
    const config = await this.config();
    if (!config) return nothing;
    if (!config.allowedOrigins.includes('*') && !config.allowedOrigins.includes(origin))
      return { headers: { Vary: 'Origin' }, status: 403 };
    const headers: Record<string, string> = { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' };
    if (config.allowCredentials) headers['Access-Control-Allow-Credentials'] = 'true';
    if (method !== 'OPTIONS') return { headers };
    if (wantedMethod === undefined || !methods.includes(wantedMethod)) return { headers: {}, status: 405 };
    headers['Access-Control-Allow-Methods'] = methods.join(',');
    headers['Access-Control-Allow-Headers'] = [...standardCorsHeaders, ...config.allowedHeaders].join(',');
    headers['Access-Control-Max-Age'] = '300';
    return { headers, status: 204 };
  }
}
