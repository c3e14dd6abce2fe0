import type { IncomingHttpHeaders } from 'node:http';
import type { OperationDeclaration, PathDeclaration } from '../../contracts/paths.ts';
import type { Caller, JsonObject, Operation, Reply } from '../../contracts/request.ts';
import type { IssuedToken } from '../../contracts/token-service.ts';
import type { AuditExchange } from '../audit/exchange.ts';
import type { MfaRequirement } from '../mfa/index.ts';
import type { CompiledPath, Mount } from '../mounts/mount.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { ParsedFields } from '../router/fields.ts';
import type { TokenState } from '../tokens/token-state.ts';

/** What a dialect hands to the pipeline: one request, decoded, its path in canonical form. */
export interface IncomingRequest {
  readonly id: string;
  readonly timeMs: number;
  readonly operation: 'read' | 'list' | 'scan' | 'write' | 'delete' | 'patch' | 'help';
  /** From the header, canonical, without slashes at its ends; '' for root. */
  readonly namespaceHeader: string;
  /** As in the URL after `/v1/`, canonical; lists end in '/'. */
  readonly path: string;
  readonly token: string | undefined;
  /** The body, or the query of a request without one. */
  readonly data: JsonObject;
  /** 0: not asked for. */
  readonly wrapTtlSeconds: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly clientCertificates: readonly Uint8Array[];
  readonly headers: IncomingHttpHeaders;
  /** The listener serves this path to anybody (`unauthenticated_metrics_access` and its like). */
  readonly isOpen?: boolean;
  /** Asks to go on as a WebSocket. */
  readonly isWebSocket?: boolean;
}

/** A lease as the envelope shows it. */
export interface ReplyLease {
  readonly id: string;
  readonly ttlSeconds: number;
  readonly renewable: boolean;
  readonly warnings?: readonly string[];
}

export interface WrapInfo {
  readonly token: string;
  readonly accessor: string;
  readonly ttlSeconds: number;
  readonly creationTimeMs: number;
  readonly creationPath: string;
  readonly wrappedAccessor?: string;
}

/** One request on its way: each step reads what earlier ones found and adds its own. */
export interface Exchange {
  readonly request: IncomingRequest;
  namespace: Namespace;
  /** Relative to `namespace`; lists end in '/'. */
  path: string;
  mount: Mount | undefined;
  /** Relative to the mount, without a trailing slash. */
  mountPath: string;
  target: CompiledPath | undefined;
  parameters: Readonly<Record<string, string>>;
  operation: Operation;
  declared: OperationDeclaration | undefined;
  access: NonNullable<PathDeclaration['access']>;
  fields: ParsedFields | undefined;
  token: TokenState | undefined;
  caller: Caller;
  /** Policies that allowed it, for audit. */
  grantingPolicies: readonly string[] | undefined;
  audit: AuditExchange | undefined;
  /** The engine ran: from here on a failure has to undo what it granted. */
  acted: boolean;
  reply: Reply | undefined;
  lease: ReplyLease | undefined;
  issued: IssuedToken | undefined;
  wrap: WrapInfo | undefined;
  /** What a login still needs before it has a token. */
  mfa: MfaRequirement | undefined;
  warnings: string[] | undefined;
  /** Sent with the answer, also with an error. */
  headers: Readonly<Record<string, string>> | undefined;
}

/** What the dialect encodes. */
export interface Answer {
  readonly exchange: Exchange;
  readonly error: import('../../contracts/errors.ts').CofferError | undefined;
}
