import assert from 'node:assert/strict';
import type { TestServer } from './start-server.ts';

export type DeclaredMethod = 'GET' | 'LIST' | 'SCAN' | 'POST' | 'PATCH' | 'DELETE';

/** A field as OpenAPI has it; without a type, it takes anything. */
export interface DeclaredField {
  readonly name: string;
  readonly type: string | undefined;
  readonly format: string | undefined;
  /** Of the items of a list. */
  readonly items: string | undefined;
  readonly required: boolean;
  readonly allowed: readonly unknown[] | undefined;
  readonly description: string;
  /** What it is where it is not given. */
  readonly standard: unknown;
}

export interface DeclaredOperation {
  readonly method: DeclaredMethod;
  readonly summary: string;
  /** Of the path, the same for all its operations. */
  readonly description: string;
  readonly operationId: string;
  readonly access: 'token' | 'sudo' | 'anyone';
  readonly isBare: boolean;
  readonly takesAnyField: boolean;
  readonly query: readonly DeclaredField[];
  readonly body: readonly DeclaredField[];
}

/** One declared path of one mount, as the server's own OpenAPI document describes it. */
export interface DeclaredPath {
  /** Where the mount is, ending in '/'. */
  readonly mount: string;
  /** Relative to the mount, with `{name}` for parameters. */
  readonly route: string;
  readonly synopsis: string;
  readonly parameters: readonly string[];
  readonly parameterFields: readonly DeclaredField[];
  /** Names of all fields of all operations. */
  readonly fields: readonly string[];
  readonly methods: readonly DeclaredMethod[];
  readonly operations: readonly DeclaredOperation[];
}

export type Tree = { readonly [key: string]: unknown };

/** Mounts an engine of every type in the catalogue at its type's name, so that all there is is declared. `secret/` is KV version 2. */
export async function mountEverything(
  call: TestServer['call'],
  options: { readonly namespace?: string } = {},
): Promise<void> {
  const { body } = await call('GET', 'sys/plugins/catalog');
  const detailed = body.data?.['detailed'];
  for (const plugin of Array.isArray(detailed) ? detailed : []) {
    const { name, type } = tree(plugin);
    if (type !== 'auth' && type !== 'secret') continue;
    const at = `sys/${type === 'auth' ? 'auth' : 'mounts'}/${String(name)}`;
    const made = await call('POST', at, { ...options, body: { type: name } });
    assert.equal(made.status, 204, `${at}: ${made.text}`);
  }
}

/** Every declared path of every mount of the namespace. */
export async function declaredPaths(
  server: TestServer,
  options: { readonly namespace?: string } = {},
): Promise<DeclaredPath[]> {
  const ui = await server.call('GET', 'sys/internal/ui/mounts', options);
  const mounts = [
    ...Object.keys(tree(ui.body.data?.['secret'])),
    ...Object.keys(tree(ui.body.data?.['auth'])).map((path) => `auth/${path}`),
  ].sort((a, b) => b.length - a.length);
  const { status, body, text } = await server.call('GET', 'sys/internal/specs/openapi', options);
  assert.equal(status, 200, text);
  const all = new Map<string, DeclaredPath>();
  for (const [at, item] of Object.entries(tree(body['paths']))) {
    const mount = mounts.find((path) => at.startsWith(`/${path}`));
    assert.ok(mount !== undefined, `${at} is in no mount`);
    const route = at.slice(mount.length + 1).replace(/\/$/, '');
    const before = all.get(mount + route);
    all.set(mount + route, joined(before, pathOf(mount, route, tree(item))));
  }
  return [...all.values()];
}

/** The path with every parameter replaced by `value`. */
export function filled({ mount, route }: DeclaredPath, value: string): string {
  return mount + route.replace(/\{[a-z_]+\}/g, value);
}

/** A list and its object are one path, though OpenAPI needs two. */
function joined(before: DeclaredPath | undefined, path: DeclaredPath): DeclaredPath {
  if (!before) return path;
  return {
    ...path,
    fields: [...new Set([...before.fields, ...path.fields])],
    methods: [...before.methods, ...path.methods],
    operations: [...before.operations, ...path.operations],
  };
}

function pathOf(mount: string, route: string, item: Tree): DeclaredPath {
  const operations = (['get', 'post', 'patch', 'delete'] as const).flatMap((verb) =>
    item[verb] === undefined ? [] : operationsOf(verb, tree(item[verb]), item),
  );
  return {
    mount,
    route,
    synopsis: String(item['description']),
    parameters: [...route.matchAll(/\{([a-z_]+)\}/g)].map((found) => found[1] ?? ''),
    parameterFields: list(item['parameters']).map((given) => queried(tree(given))),
    fields: [
      ...new Set(operations.flatMap(({ query, body }) => [...query, ...body].map(({ name }) => name))),
    ],
    methods: operations.map(({ method }) => method),
    operations,
  };
}

function operationsOf(verb: string, operation: Tree, item: Tree): DeclaredOperation[] {
  const asked = list(operation['parameters']).map(tree);
  const flags = asked.map(({ name }) => String(name)).filter((name) => name === 'list' || name === 'scan');
  const [type] = Object.values(tree(tree(operation['requestBody'])['content'])).map(tree);
  const schema = tree(type?.['schema']);
  const required = list(schema['required']);
  const ok = tree(tree(tree(tree(operation['responses'])['200'])['content'])['application/json']);
  const described = {
    summary: String(operation['summary']),
    description: String(operation['description'] ?? ''),
    operationId: String(operation['operationId']),
    access: accessOf(operation, item),
    isBare: tree(ok['schema'])['$ref'] === undefined,
    takesAnyField: schema['additionalProperties'] === true,
    query: asked.filter(({ name }) => name !== 'list' && name !== 'scan').map(queried),
    body: Object.entries(tree(schema['properties'])).map(([name, given]) =>
      fieldOf(name, tree(given), required.includes(name)),
    ),
  };
  const methods: DeclaredMethod[] = flags.length > 0 ? flags.map(methodOfFlag) : [methodOfVerb(verb)];
  return methods.map((method) => ({ method, ...described }));
}

const methodOfFlag = (flag: 'list' | 'scan'): DeclaredMethod => (flag === 'list' ? 'LIST' : 'SCAN');
const methodOfVerb = (verb: string): DeclaredMethod =>
  verb === 'get' ? 'GET' : verb === 'post' ? 'POST' : verb === 'patch' ? 'PATCH' : 'DELETE';

function accessOf(operation: Tree, item: Tree): DeclaredOperation['access'] {
  if (operation['security'] !== undefined) return 'anyone';
  return operation['x-vault-sudo'] || item['x-vault-sudo'] ? 'sudo' : 'token';
}

const queried = (given: Tree): DeclaredField =>
  fieldOf(
    String(given['name']),
    { ...tree(given['schema']), description: given['description'] },
    given['required'] === true,
  );

function fieldOf(name: string, schema: Tree, required: boolean): DeclaredField {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    name,
    type: text(schema['type']),
    format: text(schema['format']),
    items: text(tree(schema['items'])['type']),
    required,
    allowed: Array.isArray(schema['enum']) ? schema['enum'] : undefined,
    description: text(schema['description']) ?? '',
    standard: schema['default'],
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function tree(value: unknown): Tree {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
