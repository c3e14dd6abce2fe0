import type { FieldDeclaration, OperationDeclaration, PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';

type Schema = Record<string, unknown>;

const schemaTypes: Readonly<Record<FieldDeclaration['type'], Schema>> = {
  string: { type: 'string' },
  'lower-string': { type: 'string', format: 'lowercase' },
  int: { type: 'integer' },
  float: { type: 'number' },
  bool: { type: 'boolean' },
  duration: { type: 'string', format: 'duration' },
  'signed-duration': { type: 'string', format: 'duration' },
  map: { type: 'object', format: 'map' },
  'key-values': { type: 'object', format: 'kvpairs' },
  strings: { type: 'array', items: { type: 'string' } },
  'string-list': { type: 'array', items: { type: 'string' } },
  ints: { type: 'array', items: { type: 'integer' } },
  time: { type: 'string', format: 'date-time' },
  any: {},
};

const parameterPattern = /\{([a-z_]+)\??(?:\.\.\.)?\}/g;

/** The route of a declared path as OpenAPI writes it: `/data/{path}`. */
export function openApiRoute({ pattern }: PathDeclaration): string {
  return `/${pattern.replace(parameterPattern, '{$1}')}`;
}

/** The "Path Item" of a declared path (OpenAPI 3.0.2), with Vault's extensions. */
export function openApiPath(declaration: PathDeclaration): JsonObject {
  const { pattern, fields, operations, help, access } = declaration;
  const inPath = new Set([...pattern.matchAll(parameterPattern)].map((found) => found[1]));
  const named = Object.entries(fields);
  const item: Record<string, unknown> = { description: help.synopsis };
  if (inPath.size > 0)
    item['parameters'] = named
      .filter(([name]) => inPath.has(name))
      .map(([name, field]) => parameter(name, field, 'path'));
  if (access === 'sudo') item['x-vault-sudo'] = true;
  if (access === 'anyone') item['x-vault-unauthenticated'] = true;
  const others = named.filter(([name]) => !inPath.has(name));
  const { read, list, scan, write, create, update, patch, delete: remove } = operations;
  const get = read ?? list ?? scan;
  if (get) item['get'] = asking(get, others, list !== undefined, read !== undefined);
  const post = write ?? update ?? create;
  if (post) item['post'] = writing(post, others, 'application/json');
  if (patch) item['patch'] = writing(patch, others, 'application/merge-patch+json');
  if (remove)
    item['delete'] = { summary: remove.summary, responses: { '204': { description: 'empty body' } } };
  return item;
}

function asking(
  { summary }: OperationDeclaration,
  fields: readonly (readonly [string, FieldDeclaration])[],
  canList: boolean,
  canRead: boolean,
): Schema {
  const parameters = fields
    .filter(([, field]) => field.query)
    .map(([name, field]) => parameter(name, field, 'query'));
  if (canList)
    parameters.push({
      name: 'list',
      in: 'query',
      required: !canRead,
      description: 'Must be set to `true` to list',
      schema: { type: 'string', enum: ['true'] },
    });
  return { summary, parameters, responses: { '200': { description: 'OK' } } };
}

function writing(
  { summary }: OperationDeclaration,
  fields: readonly (readonly [string, FieldDeclaration])[],
  contentType: string,
): Schema {
  const properties = Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(field)]));
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  const schema = { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
  return {
    summary,
    requestBody: { content: { [contentType]: { schema } } },
    responses: { '200': { description: 'OK' } },
  };
}

function parameter(name: string, field: FieldDeclaration, where: 'path' | 'query'): Schema {
  const { description } = field;
  return { name, in: where, required: where === 'path', description, schema: schemaTypes[field.type] };
}

function schemaOf({
  type,
  description,
  default: given,
  allowed,
  deprecated,
  sensitive,
}: FieldDeclaration): Schema {
  return {
    ...schemaTypes[type],
    description,
    ...(given === undefined ? {} : { default: given }),
    ...(allowed ? { enum: allowed } : {}),
    ...(deprecated ? { deprecated } : {}),
    ...(sensitive ? { 'x-vault-displayAttrs': { sensitive } } : {}),
  };
}
