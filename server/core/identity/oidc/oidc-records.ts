import type { JWK } from 'jose';

/** Everything below `sys/oidc/` of a namespace. Times in milliseconds since the epoch, or seconds where named so. */
export interface ConfigRecord {
  /** Scheme, host and port; empty for the server's own address. */
  readonly issuer: string;
}

export const algorithmNames = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
export type AlgorithmName = (typeof algorithmNames)[number];

/** `key/<name>`: public parts and rules. The private parts lie beside it, one record each. */
export interface KeyRecord {
  readonly algorithm: AlgorithmName;
  readonly rotationPeriodSeconds: number;
  readonly verificationTtlSeconds: number;
  readonly allowedClientIds: readonly string[];
  readonly nextRotationMs: number;
  /** Signs; absent while the built-in default key has never been used. */
  readonly signing?: PublicKey;
  /** Signs after the next rotation; published before, so that verifiers know it by then. */
  readonly next?: PublicKey;
  /** Signed once, and verify until they expire. */
  readonly retired: readonly RetiredKey[];
}

export interface PublicKey {
  readonly kid: string;
  /** As it is published: with `kid`, `alg` and `use`. */
  readonly jwk: JWK;
}

export interface RetiredKey extends PublicKey {
  readonly expiresMs: number;
}

/** `role/<name>`: what an identity token says. */
export interface RoleRecord {
  readonly key: string;
  readonly template: string;
  readonly ttlSeconds: number;
  readonly clientId: string;
}

/** `assignment/<name>`: who may sign in to a client. */
export interface AssignmentRecord {
  readonly entityIds: readonly string[];
  readonly groupIds: readonly string[];
}

/** `scope/<name>` */
export interface ScopeRecord {
  readonly template: string;
  readonly description: string;
}

/** `client/<name>`; `client-id/<id>` leads to the name. */
export interface ClientRecord {
  readonly clientId: string;
  /** Of a confidential client. */
  readonly clientSecret?: string;
  readonly clientType: 'confidential' | 'public';
  readonly key: string;
  readonly redirectUris: readonly string[];
  readonly assignments: readonly string[];
  readonly idTokenTtlSeconds: number;
  readonly accessTokenTtlSeconds: number;
  readonly authorizationCode: boolean;
  readonly clientCredentials: boolean;
}

/** `provider/<name>` */
export interface ProviderRecord {
  readonly issuer: string;
  readonly allowedClientIds: readonly string[];
  readonly scopesSupported: readonly string[];
}

/** `code/<SHA-256 of the code>`: an authorisation that has not been exchanged yet. */
export interface CodeRecord {
  readonly provider: string;
  readonly clientId: string;
  readonly entityId: string;
  readonly entityNamespaceId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly nonce: string;
  readonly challenge?: { readonly method: 'plain' | 'S256'; readonly value: string };
  /** Seconds since the epoch; when the client asked how long ago the user had signed in. */
  readonly authTimeSeconds?: number;
  readonly expiresMs: number;
}

export const defaultName = 'default';
export const allowAllName = 'allow_all';

const day = 24 * 60 * 60;

/** What every namespace has without anybody writing it. They are stored once they are changed. */
export const defaultKey: KeyRecord = Object.freeze({
  algorithm: 'RS256',
  rotationPeriodSeconds: day,
  verificationTtlSeconds: day,
  allowedClientIds: ['*'],
  nextRotationMs: 0,
  retired: [],
});
export const defaultProvider: ProviderRecord = Object.freeze({
  issuer: '',
  allowedClientIds: ['*'],
  scopesSupported: [],
});
export const allowAll: AssignmentRecord = Object.freeze({ entityIds: ['*'], groupIds: ['*'] });
