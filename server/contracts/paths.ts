import type { Caller, JsonObject, Operation, Origin, Reply } from './request.ts';

/**
 * The declaration of one path of an engine, from which routing, validation, warnings for unknown fields,
 * `path-help`, OpenAPI, completion and reference docs are derived.
 */
export interface PathDeclaration {
  /**
   * Relative to the mount. Literal segments, `{name}` for one segment, `{name...}` for the rest (one or more
   * segments, may hold '/'), `{name?...}` for the rest or nothing. A trailing '/' is dropped before matching
   * (lists come with it). More literal patterns win over less literal ones, whatever their order.
   */
  readonly pattern: string;
  readonly fields: FieldDeclarations;
  readonly operations: Readonly<Partial<Record<Operation | 'write', OperationDeclaration>>>;
  /** For paths where `create` and `update` differ: whether the object is there. */
  readonly exists?: (call: Call<FieldValues<FieldDeclarations>>) => Promise<boolean>;
  /** token: a policy must allow it (the default). sudo: the policy must also grant `sudo`. anyone: no token needed. */
  readonly access?: 'token' | 'sudo' | 'anyone';
  readonly help: { readonly synopsis: string; readonly description: string };
  /** Takes any field; unknown ones go to the handler through `call.data` without a warning (KV v1, cubbyhole). */
  readonly anyFields?: boolean;
  /** Works while sealed or not initialised (only core's own lifecycle paths). */
  readonly whileSealed?: boolean;
  /** Exists in the root namespace only. */
  readonly rootOnly?: boolean;
  /** Of `{name?...}`: only lists do without it, everything else says what is missing. */
  readonly needsRest?: boolean;
  /** Left out of OpenAPI and the reference: it only says what to ask instead. */
  readonly unpublished?: boolean;
  /** How the answer is put on the wire: in Vault's envelope (default), with the keys of `data` repeated at the top, or bare. */
  readonly shape?: 'envelope' | 'flattened' | 'bare';
  /** A token that is missing or not enough is answered as RFC 6750 says (401, WWW-Authenticate), not in Vault's words. */
  readonly challenge?: 'bearer';
}

export interface OperationDeclaration {
  readonly summary: string;
  readonly handler: (call: Call<FieldValues<FieldDeclarations>>) => Promise<Reply | undefined>;
  /**
   * The handler changes nothing, so its request and response audit entries may be written together before
   * the answer. Leave it out when in doubt.
   */
  readonly pure?: boolean;
  /** Overrides the path's. */
  readonly access?: PathDeclaration['access'];
  readonly shape?: PathDeclaration['shape'];
  readonly examples?: readonly Example[];
  readonly deprecated?: boolean;
  /** Top-level keys of the reply that are secret even to the audit log's readers as hashes need not be listed: all strings are hashed. These stay clear. */
  readonly clearKeys?: readonly string[];
  /**
   * This operation is a login. Returns the name that the caller claims, in the form which `AuthGrant.alias`
   * would have, before any secret is checked and without I/O; undefined when there is none. Under it core
   * counts attempts that end in 'invalid-credentials', and while it is locked refuses without asking the handler.
   */
  readonly claimedAlias?: (call: Call<FieldValues<FieldDeclarations>>) => string | undefined;
}

export interface Example {
  readonly description: string;
  readonly path?: string;
  readonly data?: JsonObject;
}

export type FieldType =
  | 'string'
  | 'lower-string'
  | 'int'
  | 'float'
  | 'bool'
  /** Whole seconds out; in: numbers, numeric strings, Go durations, days. */
  | 'duration'
  /** As duration, and may be negative. */
  | 'signed-duration'
  /** A JSON object. */
  | 'map'
  /** Strings to strings; in: an object, or a list of `k=v`. */
  | 'key-values'
  /** A list of strings; in: a list, or one string with commas. */
  | 'strings'
  /** As strings, but a single string is not split. */
  | 'string-list'
  | 'ints'
  /** Milliseconds since the epoch out; in: RFC 3339 or epoch seconds. */
  | 'time'
  | 'any';

export interface FieldDeclaration {
  readonly type: FieldType;
  readonly description: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly allowed?: readonly (string | number)[];
  /** Comes in the query string of a read, list or delete, and in the body of a write unless it is 'only' there. */
  readonly query?: boolean | 'only';
  /** Shown as a secret in forms and never completed. */
  readonly sensitive?: boolean;
  readonly deprecated?: boolean;
  /** Other names under which it is accepted. */
  readonly aliases?: readonly string[];
  /** A path parameter of type lower-string: a write that spells it otherwise is warned that "<this> was converted to …". */
  readonly lowerCaseWarning?: string;
}

export type FieldDeclarations = Readonly<Record<string, FieldDeclaration>>;

interface FieldTypes {
  string: string;
  'lower-string': string;
  int: number;
  float: number;
  bool: boolean;
  duration: number;
  'signed-duration': number;
  map: JsonObject;
  'key-values': Readonly<Record<string, string>>;
  strings: readonly string[];
  'string-list': readonly string[];
  ints: readonly number[];
  time: number;
  any: unknown;
}

/** Present when required or defaulted, else possibly undefined: "not given" (also for an explicit null). */
export type FieldValues<F extends FieldDeclarations> = {
  readonly [K in keyof F]: F[K] extends
    | { readonly required: true }
    | { readonly default: string | number | boolean | object }
    ? FieldTypes[F[K]['type']]
    : FieldTypes[F[K]['type']] | undefined;
};

/** One request as a handler sees it. */
export interface Call<F> {
  readonly operation: Operation;
  /** Relative to the mount, canonical, without a trailing '/'. */
  readonly path: string;
  readonly fields: F;
  /** The decoded body (or query, for reads) as it came. */
  readonly data: JsonObject;
  readonly caller: Caller;
  readonly origin: Origin;
  readonly namespace: { readonly id: string; readonly path: string };
}

/** Declares a path with handlers that get their fields typed. Path parameters are fields too: declare them. */
export function definePath<const F extends FieldDeclarations>(path: {
  readonly pattern: string;
  readonly fields: F;
  readonly operations: Readonly<
    Partial<
      Record<
        Operation | 'write',
        Omit<OperationDeclaration, 'handler' | 'claimedAlias'> & {
          readonly handler: (call: Call<FieldValues<F>>) => Promise<Reply | undefined>;
          readonly claimedAlias?: (call: Call<FieldValues<F>>) => string | undefined;
        }
      >
    >
  >;
  readonly exists?: (call: Call<FieldValues<F>>) => Promise<boolean>;
  readonly access?: PathDeclaration['access'];
  readonly help: PathDeclaration['help'];
  readonly anyFields?: boolean;
  readonly whileSealed?: boolean;
  readonly rootOnly?: boolean;
  readonly needsRest?: boolean;
  readonly unpublished?: boolean;
  readonly shape?: PathDeclaration['shape'];
  readonly challenge?: PathDeclaration['challenge'];
}): PathDeclaration {
  // Sound because core parses fields by this very declaration before it calls a handler.
  return path as unknown as PathDeclaration;
}
