import type { FieldDeclarations, FieldValues, PathDeclaration } from '../contracts/paths.ts';
import type { ClientRequests } from './requests.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * One operation of the REST API, from which routing, validation and OpenAPI are derived. `pattern` is below `/api/v1/`, in the syntax
 * of `PathDeclaration`; a `verb` stands behind the path after a colon (`secrets/API_KEY:rollback`).
 */
export interface PlatformOperation {
  readonly method: Method;
  readonly pattern: string;
  readonly verb?: string;
  readonly summary: string;
  readonly fields: FieldDeclarations;
  /** Happens in one workspace, which the request has to name. */
  readonly inWorkspace: boolean;
  /** Of an answer that went well. */
  readonly status: number;
  readonly handler: (call: PlatformCall<FieldValues<FieldDeclarations>>) => Promise<PlatformReply>;
}

export interface PlatformCall<F> {
  readonly fields: F;
  /** '' for operations that are in none. */
  readonly workspace: string;
  /** The If-Match header without quotes. */
  readonly ifMatch: string | undefined;
  /** Asks the pipeline in the client's name. */
  readonly requests: ClientRequests;
}

export interface PlatformReply {
  readonly body?: unknown;
  /** Without quotes. */
  readonly etag?: string;
}

/** Declares an operation whose handler gets its fields typed. */
export function defineOperation<const F extends FieldDeclarations>(operation: {
  readonly method: Method;
  readonly pattern: string;
  readonly verb?: string;
  readonly summary: string;
  readonly fields: F;
  readonly inWorkspace: boolean;
  readonly status?: number;
  readonly handler: (call: PlatformCall<FieldValues<F>>) => Promise<PlatformReply>;
}): PlatformOperation {
  // Sound because fields are read by this very declaration before the handler is called.
  return { status: 200, ...operation } as unknown as PlatformOperation;
}

/** The same as a declared path, for what compiles those. */
export function asPath({ pattern, fields, summary }: PlatformOperation): PathDeclaration {
  return { pattern, fields, operations: {}, help: { synopsis: summary, description: summary } };
}
