import { compileFilter, FilterError } from '../../../formats/filter-expression/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { canonicalNamespace } from '../audit/entry-filter.ts';
import { matchesGlob } from './glob.ts';
import type { PublishedEvent } from './published-event.ts';

const facts: Readonly<Record<string, (event: PublishedEvent) => string>> = {
  event_type: ({ type }) => type,
  operation: ({ metadata }) => metadata['operation'] ?? '',
  source_plugin_mount: ({ plugin }) => plugin?.mountPath ?? '',
  data_path: ({ metadata }) => metadata['data_path'] ?? '',
  path: ({ metadata }) => metadata['path'] ?? '',
  namespace: ({ namespace }) => namespace.path,
};

export interface EventQuery {
  /** A glob. */
  readonly type: string;
  /** Globs relative to the namespace of the request, which itself is always asked about. */
  readonly namespaces: readonly string[];
  readonly filter: string;
  /** Path of the namespace of the request. */
  readonly from: string;
}

/** Whether an event is what a subscriber asks for. Throws 'invalid-request'. */
export function eventFilter(query: EventQuery): (event: PublishedEvent) => boolean {
  const from = withoutSlashes(query.from);
  const globs = [from];
  for (const written of query.namespaces) {
    const glob = withoutSlashes(written);
    if (glob === '') continue;
    if (glob.split('/').some((part) => part === '..' || part === '.' || part === ''))
      throw invalidRequest('"namespaces" are globs below the namespace of the request');
    globs.push(from === '' ? glob : `${from}/${glob}`);
  }
  const matches = query.filter.trim() === '' ? undefined : compiled(query.filter);
  return (event) => {
    if (!matchesGlob(query.type, event.type)) return false;
    const namespace = withoutSlashes(event.namespace.path);
    return globs.some((glob) => matchesGlob(glob, namespace)) && (matches?.(event) ?? true);
  };
}

function compiled(source: string): (event: PublishedEvent) => boolean {
  try {
    const filter = compileFilter(source, {
      selectors: Object.keys(facts),
      canonical: { namespace: canonicalNamespace },
    });
    return (event) => filter(([name = '']) => facts[name]?.(event));
  } catch (error) {
    if (error instanceof FilterError) throw invalidRequest(`"filter": ${error.message}`);
    throw error;
  }
}

function withoutSlashes(path: string): string {
  return path.trim().replace(/^\/+|\/+$/g, '');
}
