import type { PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { type PathItem, pathItems } from './path-items.ts';
import { commonSchemas, type Schema } from './schema.ts';

/** One mount, as the document shows it. */
export interface DocumentedMount {
  /** Relative to the namespace, ending in '/'; '' for routes that stay relative to the mount. */
  readonly path: string;
  readonly declarations: readonly PathDeclaration[];
  readonly tag: 'system' | 'auth' | 'identity' | 'secrets';
  /** What ids of operations begin with. */
  readonly prefix: string;
  /** Stands in the place of the mount's own path, which is its default: `secret_mount_path`. */
  readonly pathParameter?: { readonly name: string; readonly default: string };
}

export interface DocumentOptions {
  readonly version: string;
  /** Appended to every operation's id. */
  readonly context?: string;
}

/** An OpenAPI 3.0.2 document in Vault's shape. Ids of operations are unique, also when read without case or punctuation. */
export function openApiDocument(mounts: readonly DocumentedMount[], options: DocumentOptions): JsonObject {
  const ids = new OperationIds(options.context ?? '');
  const paths: Record<string, Schema> = {};
  for (const mount of mounts) {
    for (const item of mount.declarations.flatMap(pathItems)) {
      const at = `/${mount.path}${item.route}`;
      paths[at] ??= describe(item, mount, ids);
    }
  }
  return {
    openapi: '3.0.2',
    info: {
      title: 'Coffer API',
      description: 'HTTP API that gives you full access to Coffer. All API routes are prefixed with `/v1/`.',
      version: options.version,
      license: { name: 'Apache License 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/v1' }],
    security: [{ token: [] }],
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: commonSchemas,
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Vault-Token' } },
    },
  };
}

function describe(item: PathItem, mount: DocumentedMount, ids: OperationIds): Schema {
  const { pathParameter, prefix, tag } = mount;
  const parameters = pathParameter ? [mountParameter(pathParameter), ...item.parameters] : item.parameters;
  const operations = Object.entries(item.operations).map(([method, { verb, body }]) => {
    const { summary, ...rest } = body;
    return [method, { summary, operationId: ids.next(prefix, verb, item.route), tags: [tag], ...rest }];
  });
  return {
    ...item.extensions,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...Object.fromEntries(operations),
  };
}

function mountParameter({
  name,
  default: path,
}: {
  readonly name: string;
  readonly default: string;
}): Schema {
  return {
    name,
    description: 'Path that the backend was mounted at',
    in: 'path',
    required: true,
    schema: { type: 'string', default: path },
  };
}

/** `<mount>-<verb>-<words of the route>`, as Vault makes them where nobody chose a better one. */
class OperationIds {
  readonly #context: string;
  readonly #taken = new Set<string>();

  constructor(context: string) {
    this.#context = context;
  }

  next(prefix: string, verb: string, route: string): string {
    const words = [...prefix.split(/\W+/), verb, ...route.split(/\W+/), ...this.#context.split(/\W+/)];
    const id = words
      .filter((word) => word !== '')
      .join('-')
      .toLowerCase();
    for (let count = 1; ; count++) {
      const candidate = count === 1 ? id : `${id}-${count}`;
      const bare = candidate.replace(/[^a-z0-9]/g, '');
      if (this.#taken.has(bare)) continue;
      this.#taken.add(bare);
      return candidate;
    }
  }
}
