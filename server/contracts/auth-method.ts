import type { PathDeclaration } from './paths.ts';
import type { AuthGrant, JsonObject } from './request.ts';
import type { MountContext } from './secrets-engine.ts';
import type { TokenService } from './token-service.ts';

/** What every folder of `server/auth-methods/` exports as `plugin`. */
export interface AuthMethodPlugin {
  /** The folder's name and the word in `auth enable TYPE`. */
  readonly type: string;
  /** Further words that enable the very same method; its mounts then have that type. */
  readonly otherTypes?: readonly string[];
  readonly description: string;
  readonly singleton?: boolean;
  readonly version?: string;
  create(context: AuthMethodContext): Promise<AuthMethod>;
}

export interface AuthMethod {
  readonly paths: readonly PathDeclaration[];
  /** Called before a token of this method is renewed; returns the grant now in force, throws to refuse. */
  renew?(login: LoginToRenew): Promise<AuthGrant>;
  /** The role that a login with these fields asks for, for quotas by role; without it, the field `role`. */
  loginRole?(data: JsonObject): Promise<string | undefined>;
  tidy?(): Promise<void>;
  close?(): Promise<void>;
}

export interface LoginToRenew {
  readonly internal: JsonObject;
  readonly grant: AuthGrant;
  /** What the request that renews was sent with over TLS, DER, leaf first. */
  readonly clientCertificates?: readonly Uint8Array[];
}

export interface AuthMethodContext extends MountContext {
  /** Given to the `token` method only. */
  readonly tokens?: TokenService;
}
