import type { FieldDeclaration } from '../../contracts/paths.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** As Vault's document has them: what a field reads back as; most take other spellings too (numbers as strings). */
const types: Readonly<Record<FieldDeclaration['type'], Schema>> = {
  string: { type: 'string' },
  'lower-string': { type: 'string', format: 'lowercase' },
  int: { type: 'integer' },
  float: { type: 'number' },
  bool: { type: 'boolean' },
  duration: { type: 'string', format: 'duration' },
  'signed-duration': { type: 'string', format: 'duration' },
  map: { type: 'object', format: 'map', additionalProperties: true },
  'key-values': { type: 'object', format: 'kvpairs', additionalProperties: { type: 'string' } },
  strings: { type: 'array', items: { type: 'string' } },
  'string-list': { type: 'array', items: { type: 'string' } },
  ints: { type: 'array', items: { type: 'integer' } },
  time: { type: 'string', format: 'date-time' },
  any: {},
};

/** A field of a request body. */
export function fieldSchema(field: FieldDeclaration): Schema {
  const { type, description, default: given, allowed, deprecated, sensitive } = field;
  return {
    ...types[type],
    description,
    ...(given === undefined ? {} : { default: given }),
    ...(allowed ? { enum: allowed } : {}),
    ...(deprecated ? { deprecated } : {}),
    ...(sensitive ? { 'x-vault-displayAttrs': { sensitive } } : {}),
  };
}

/** A field that stands in the path or the query. */
export function parameter(name: string, field: FieldDeclaration, where: 'path' | 'query'): Schema {
  const { type, description, default: given, allowed, deprecated } = field;
  return {
    name,
    description,
    in: where,
    required: where === 'path' || (field.required ?? false),
    ...(deprecated ? { deprecated } : {}),
    schema: {
      ...types[type],
      ...(given === undefined || where === 'path' ? {} : { default: given }),
      ...(allowed ? { enum: allowed } : {}),
    },
  };
}

const nullable = (schema: Schema): Schema => ({ ...schema, nullable: true });
const text: Schema = { type: 'string' };
const seconds: Schema = { type: 'integer', description: 'Seconds' };
const texts: Schema = { type: 'array', items: text };
const anyObject: Schema = { type: 'object', additionalProperties: true };

/** What all answers have in common; `data` is what the operation's own reference says. */
export const commonSchemas: Readonly<Record<string, Schema>> = {
  Response: {
    type: 'object',
    additionalProperties: true,
    properties: {
      request_id: text,
      lease_id: text,
      renewable: { type: 'boolean' },
      lease_duration: seconds,
      data: nullable(anyObject),
      wrap_info: { nullable: true, allOf: [{ $ref: '#/components/schemas/WrapInfo' }] },
      warnings: nullable(texts),
      auth: { nullable: true, allOf: [{ $ref: '#/components/schemas/Auth' }] },
    },
    required: [
      'request_id',
      'lease_id',
      'renewable',
      'lease_duration',
      'data',
      'wrap_info',
      'warnings',
      'auth',
    ],
  },
  Auth: {
    type: 'object',
    properties: {
      client_token: text,
      accessor: text,
      policies: texts,
      token_policies: texts,
      identity_policies: texts,
      metadata: nullable({ type: 'object', additionalProperties: text }),
      lease_duration: seconds,
      renewable: { type: 'boolean' },
      entity_id: text,
      token_type: { type: 'string', enum: ['service', 'batch'] },
      orphan: { type: 'boolean' },
      num_uses: { type: 'integer' },
    },
    required: ['client_token', 'accessor', 'policies', 'lease_duration', 'renewable', 'token_type'],
  },
  WrapInfo: {
    type: 'object',
    properties: {
      token: text,
      accessor: text,
      ttl: seconds,
      creation_time: { type: 'string', format: 'date-time' },
      creation_path: text,
      wrapped_accessor: text,
    },
    required: ['token', 'accessor', 'ttl', 'creation_time', 'creation_path'],
  },
  Errors: {
    type: 'object',
    additionalProperties: true,
    properties: { errors: texts },
    required: ['errors'],
  },
};
