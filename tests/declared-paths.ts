import assert from 'node:assert/strict';
import type { TestServer } from './start-server.ts';

/** One declared path of one mount, as the server describes it. */
export interface DeclaredPath {
  /** Where the mount is, ending in '/'. */
  readonly mount: string;
  /** Relative to the mount, with `{name}` for parameters. */
  readonly route: string;
  readonly parameters: readonly string[];
  readonly fields: readonly string[];
  readonly methods: readonly ('GET' | 'LIST' | 'POST' | 'PATCH' | 'DELETE')[];
}

type Tree = { readonly [key: string]: unknown };

/** Every declared path of every mount, read from the server's own path-help. */
export async function declaredPaths(server: TestServer): Promise<DeclaredPath[]> {
  const ui = await server.call('GET', 'sys/internal/ui/mounts');
  const mounts = [
    ...Object.keys(tree(ui.body.data?.['secret'])),
    ...Object.keys(tree(ui.body.data?.['auth'])).map((path) => `auth/${path}`),
  ];
  const all: DeclaredPath[] = [];
  for (const mount of mounts) {
    const help = await server.call('GET', `${mount}?help=1`);
    assert.equal(help.status, 200, help.text);
    const paths = tree(tree(help.body['openapi'])['paths']);
    for (const [route, item] of Object.entries(paths)) all.push(pathOf(mount, route.slice(1), tree(item)));
  }
  return all;
}

/** The path with every parameter replaced by `value`. */
export function filled({ mount, route }: DeclaredPath, value: string): string {
  return mount + route.replace(/\{[a-z_]+\}/g, value);
}

function pathOf(mount: string, route: string, item: Tree): DeclaredPath {
  const parameters = [...route.matchAll(/\{([a-z_]+)\}/g)].map((found) => found[1] ?? '');
  const fields = new Set<string>();
  const methods: DeclaredPath['methods'][number][] = [];
  if (item['get']) methods.push('GET', 'LIST');
  for (const [verb, method] of [
    ['post', 'POST'],
    ['patch', 'PATCH'],
  ] as const) {
    if (!item[verb]) continue;
    methods.push(method);
    const content = tree(tree(tree(item[verb])['requestBody'])['content']);
    for (const type of Object.values(content))
      for (const name of Object.keys(tree(tree(tree(type)['schema'])['properties']))) fields.add(name);
  }
  if (item['delete']) methods.push('DELETE');
  const query = tree(item['get'])['parameters'];
  for (const parameter of Array.isArray(query) ? query : []) fields.add(String(tree(parameter)['name']));
  return { mount, route, parameters, fields: [...fields], methods };
}

function tree(value: unknown): Tree {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
