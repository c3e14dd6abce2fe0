import type { FieldDeclaration, OperationDeclaration, PathDeclaration } from '../../contracts/paths.ts';
import { fieldSchema, parameter, type Schema } from './schema.ts';

export type Verb = 'read' | 'list' | 'scan' | 'write' | 'patch' | 'delete';
export type Method = 'get' | 'post' | 'patch' | 'delete';

export interface DocumentedOperation {
  readonly verb: Verb;
  /** An "Operation Object" (OpenAPI 3.0.2) without what depends on the mount: id and tags. */
  readonly body: Schema;
}

/** One entry of the document's `paths`, where it does not depend on the mount. */
export interface PathItem {
  /** Relative to the mount, with `{name}` for parameters. Lists stand under a route that ends in '/', as Vault's do. */
  readonly route: string;
  readonly parameters: readonly Schema[];
  readonly extensions: Schema;
  readonly operations: Readonly<Partial<Record<Method, DocumentedOperation>>>;
}

type Fields = readonly (readonly [name: string, field: FieldDeclaration])[];

const parameterPattern = /\{([a-z_]+)\??(?:\.\.\.)?\}/g;
const pageFields: ReadonlySet<string> = new Set(['after', 'limit']);

/** The items of one declared path: one for its object, one for its list, and both again where the last parameter may be missing. */
export function pathItems(declaration: PathDeclaration): PathItem[] {
  if (declaration.unpublished) return [];
  const { pattern, needsRest = false } = declaration;
  const optional = /(?:^|\/)\{[a-z_]+\?\.\.\.\}$/.exec(pattern);
  const whole = itemsOf(declaration, pattern, false);
  if (!optional) return whole;
  return [...itemsOf(declaration, pattern.slice(0, optional.index), needsRest), ...whole];
}

function itemsOf(declaration: PathDeclaration, pattern: string, onlyLists: boolean): PathItem[] {
  const route = pattern.replace(parameterPattern, '{$1}');
  const named = new Set([...declaration.pattern.matchAll(parameterPattern)].map((found) => found[1] ?? ''));
  const present = new Set([...pattern.matchAll(parameterPattern)].map((found) => found[1] ?? ''));
  const entries = Object.entries(declaration.fields);
  const common = {
    parameters: entries
      .filter(([name]) => present.has(name))
      .map(([name, field]) => parameter(name, field, 'path')),
    extensions: extensionsOf(declaration),
  };
  const others = entries.filter(([name]) => !named.has(name));
  const items: PathItem[] = [];
  const lists = listing(declaration, others);
  if (lists) items.push({ ...common, route: route === '' ? '' : `${route}/`, operations: { get: lists } });
  const operations = onlyLists ? {} : objectOperations(declaration, others);
  if (Object.keys(operations).length > 0 && route !== '') items.push({ ...common, route, operations });
  return items;
}

function extensionsOf({ help, access, exists }: PathDeclaration): Schema {
  return {
    description: help.synopsis,
    ...(access === 'sudo' ? { 'x-vault-sudo': true } : {}),
    ...(access === 'anyone' ? { 'x-vault-unauthenticated': true } : {}),
    ...(exists ? { 'x-vault-createSupported': true } : {}),
  };
}

function objectOperations(declaration: PathDeclaration, fields: Fields): PathItem['operations'] {
  const { read, write, create, update, patch, delete: remove, list, scan } = declaration.operations;
  const hasLists = list !== undefined || scan !== undefined;
  const asked = fields.filter(([name, { query }]) => query && !(hasLists && pageFields.has(name)));
  const sent = fields.filter(([name, { query }]) => query !== 'only' && !(hasLists && pageFields.has(name)));
  const written = write ?? update ?? create;
  return {
    ...(read ? { get: { verb: 'read', body: asking(declaration, read, asked) } } : {}),
    ...(written
      ? { post: { verb: 'write', body: writing(declaration, written, sent, 'application/json') } }
      : {}),
    ...(patch
      ? {
          patch: {
            verb: 'patch',
            body: writing(declaration, patch, sent, 'application/merge-patch+json'),
          },
        }
      : {}),
    ...(remove ? { delete: { verb: 'delete', body: removing(declaration, remove, asked) } } : {}),
  };
}

/** OpenAPI has no LIST, so it is Vault's other spelling, a GET with `list=true`. */
function listing(declaration: PathDeclaration, fields: Fields): DocumentedOperation | undefined {
  const { list, scan, read } = declaration.operations;
  const declared = list ?? scan;
  if (!declared) return undefined;
  const asked = fields.filter(([name, { query }]) => query && (!read || pageFields.has(name)));
  const both = list !== undefined && scan !== undefined;
  const flag = (name: string) => ({
    name,
    description: both ? 'One of `list` and `scan` must be `true`' : 'Must be `true`',
    in: 'query',
    required: !both,
    schema: { type: 'string', enum: ['true'] },
  });
  const flags = [...(list ? [flag('list')] : []), ...(scan ? [flag('scan')] : [])];
  const body = asking(declaration, declared, asked);
  const given = Array.isArray(body['parameters']) ? body['parameters'] : [];
  return { verb: list ? 'list' : 'scan', body: { ...body, parameters: [...flags, ...given] } };
}

function asking(declaration: PathDeclaration, declared: OperationDeclaration, fields: Fields): Schema {
  return {
    ...common(declaration, declared),
    ...(fields.length > 0
      ? { parameters: fields.map(([name, field]) => parameter(name, field, 'query')) }
      : {}),
    responses: { 200: answered(declaration, declared), default: refused },
  };
}

function writing(
  declaration: PathDeclaration,
  declared: OperationDeclaration,
  fields: Fields,
  contentType: string,
): Schema {
  const properties = Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(field)]));
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  const example = declared.examples?.find(({ data }) => data !== undefined)?.data;
  const schema = {
    type: 'object',
    ...(declaration.anyFields ? { additionalProperties: true } : {}),
    properties,
    ...(required.length > 0 ? { required } : {}),
    ...(example ? { example } : {}),
  };
  const hasBody = fields.length > 0 || declaration.anyFields;
  return {
    ...common(declaration, declared),
    ...(hasBody
      ? { requestBody: { required: required.length > 0, content: { [contentType]: { schema } } } }
      : {}),
    responses: { 200: answered(declaration, declared), 204: nothing, default: refused },
  };
}

function removing(declaration: PathDeclaration, declared: OperationDeclaration, fields: Fields): Schema {
  const { responses: _responses, ...rest } = asking(declaration, declared, fields);
  return { ...rest, responses: { 200: answered(declaration, declared), 204: nothing, default: refused } };
}

function common({ access: pathAccess, help }: PathDeclaration, declared: OperationDeclaration): Schema {
  const access = declared.access ?? pathAccess ?? 'token';
  const isOwn = declared.access !== undefined && declared.access !== pathAccess;
  return {
    summary: declared.summary,
    ...(help.description === '' ? {} : { description: help.description }),
    ...(declared.deprecated ? { deprecated: true } : {}),
    ...(access === 'anyone' ? { security: [] } : {}),
    ...(isOwn && access === 'sudo' ? { 'x-vault-sudo': true } : {}),
    ...(isOwn && access === 'anyone' ? { 'x-vault-unauthenticated': true } : {}),
  };
}

function answered({ shape: ofPath }: PathDeclaration, { shape = ofPath }: OperationDeclaration): Schema {
  const schema = shape === 'bare' ? { type: 'object', additionalProperties: true } : reference('Response');
  return { description: 'OK', content: { 'application/json': { schema } } };
}

const nothing: Schema = { description: 'empty body' };
const refused: Schema = {
  description: 'An error',
  content: { 'application/json': { schema: reference('Errors') } },
};

function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
