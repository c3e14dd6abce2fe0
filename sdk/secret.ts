/** An object as it came from JSON. */
export type JsonObject = Record<string, unknown>;

export interface SecretAuth {
  readonly client_token: string;
  readonly accessor: string;
  readonly policies: readonly string[] | null;
  readonly token_policies: readonly string[] | null;
  readonly identity_policies: readonly string[] | null;
  readonly metadata: Readonly<JsonObject> | null;
  readonly orphan: boolean;
  readonly entity_id: string;
  /** Seconds; 0 means that it does not expire. */
  readonly lease_duration: number;
  readonly renewable: boolean;
  readonly mfa_requirement: unknown;
}

export interface SecretWrapInfo {
  readonly token: string;
  readonly accessor: string;
  /** Seconds. */
  readonly ttl: number;
  /** RFC 3339. */
  readonly creation_time: string;
  readonly creation_path: string;
  readonly wrapped_accessor: string;
}

/** The envelope of nearly every answer, with the names it has on the wire. */
export interface Secret {
  readonly request_id: string;
  readonly lease_id: string;
  /** Seconds. */
  readonly lease_duration: number;
  readonly renewable: boolean;
  readonly data: JsonObject | null;
  readonly warnings: readonly string[] | null;
  readonly auth: SecretAuth | null;
  readonly wrap_info: SecretWrapInfo | null;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const envelopeKeys = [
  'request_id',
  'lease_id',
  'lease_duration',
  'renewable',
  'data',
  'warnings',
  'auth',
  'wrap_info',
];

/**
 * Reads the envelope out of a parsed body; what is missing or of another type takes its empty value. A body without
 * one (sys/health, sys/seal-status) is all data, as in Vault's client.
 */
export function toSecret(body: JsonObject): Secret {
  if (!envelopeKeys.some((key) => key in body)) return toSecret({ data: body });
  return {
    request_id: text(body['request_id']),
    lease_id: text(body['lease_id']),
    lease_duration: number(body['lease_duration']),
    renewable: body['renewable'] === true,
    data: isObject(body['data']) ? body['data'] : null,
    warnings: texts(body['warnings']),
    auth: isObject(body['auth']) ? toAuth(body['auth']) : null,
    wrap_info: isObject(body['wrap_info']) ? toWrapInfo(body['wrap_info']) : null,
  };
}

function toAuth(auth: JsonObject): SecretAuth {
  return {
    client_token: text(auth['client_token']),
    accessor: text(auth['accessor']),
    policies: texts(auth['policies']),
    token_policies: texts(auth['token_policies']),
    identity_policies: texts(auth['identity_policies']),
    metadata: isObject(auth['metadata']) ? auth['metadata'] : null,
    orphan: auth['orphan'] === true,
    entity_id: text(auth['entity_id']),
    lease_duration: number(auth['lease_duration']),
    renewable: auth['renewable'] === true,
    mfa_requirement: auth['mfa_requirement'] ?? null,
  };
}

function toWrapInfo(info: JsonObject): SecretWrapInfo {
  return {
    token: text(info['token']),
    accessor: text(info['accessor']),
    ttl: number(info['ttl']),
    creation_time: text(info['creation_time']),
    creation_path: text(info['creation_path']),
    wrapped_accessor: text(info['wrapped_accessor']),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null;
}
