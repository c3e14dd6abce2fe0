import type { Clock } from '../../../contracts/clock.ts';
import type { Caller } from '../../../contracts/request.ts';
import type { Namespace } from '../../namespaces/namespaces.ts';
import { blankEntry } from '../../tokens/new-entry.ts';
import type { TokenEntry } from '../../tokens/token-entry.ts';
import { withNamespace } from '../../tokens/token-names.ts';
import type { TokenStore } from '../../tokens/token-store.ts';

export interface AccessGrant {
  readonly provider: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly entityId: string;
  readonly entityNamespaceId: string;
  readonly ttlSeconds: number;
}

/**
 * Access tokens are batch tokens, as in Vault: of the entity, without its policies, and with one of their own that
 * opens the provider's userinfo and nothing else.
 */
export class AccessTokens {
  readonly #tokens: TokenStore;
  readonly #clock: Clock;

  constructor(tokens: TokenStore, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  async issue(namespace: Namespace, grant: AccessGrant): Promise<string> {
    const nowMs = this.#clock.now();
    const { provider, clientId, scopes, entityId, entityNamespaceId, ttlSeconds } = grant;
    const entry: TokenEntry = {
      ...blankEntry(nowMs, namespace.id),
      accessor: '',
      type: 'batch',
      metadata: { oidc_token_type: 'access token' },
      path: `identity/oidc/provider/${provider}/token`,
      creationTtlSeconds: ttlSeconds,
      expiresMs: nowMs + ttlSeconds * 1000,
      entityId,
      ...(entityNamespaceId === namespace.id ? {} : { entityNamespaceId }),
      inlinePolicy: `path "identity/oidc/provider/${provider}/userinfo" { capabilities = ["read", "update"] }`,
      oidcAccess: { clientId, scopes },
    };
    const text = await this.#tokens.sealBatch(entry, namespace);
    return withNamespace(`hvb.${text}`, namespace.id);
  }

  /** What the caller's token was issued for; undefined for any other token. */
  async of(caller: Caller): Promise<TokenEntry['oidcAccess']> {
    return (await this.#tokens.ofCaller(caller))?.entry.oidcAccess;
  }
}
