import type { FoundExamples } from './example-files.ts';
import type { HttpExample } from './parse-examples.ts';

/** `POST secret/data/{path}`: one operation of a declared path. */
export interface NamedRoute {
  readonly name: string;
  readonly method: string;
  /** With the mount's path in front. */
  readonly route: string;
}

/** The first example of each operation, by the operation's name. Requests that belong to none are left out. What is refused says so in its title. */
export function matchExamples(
  routes: readonly NamedRoute[],
  found: readonly FoundExamples[],
): Map<string, HttpExample> {
  const patterns = routes.map((route) => ({ ...route, ...patternOf(route.route) }));
  const matched = new Map<string, HttpExample>();
  for (const example of found.flatMap(({ file }) => file.examples)) {
    if (example.isSetup) continue;
    const { method, path } = asked(example);
    const [best] = patterns
      .filter((route) => route.method === method && route.pattern.test(path))
      .sort((a, b) => b.literal - a.literal);
    if (best && !matched.has(best.name)) matched.set(best.name, example);
  }
  return matched;
}

function patternOf(route: string): { readonly pattern: RegExp; readonly literal: number } {
  const parts = route.split(/\{[a-z_]+\}/);
  const source = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+');
  return { pattern: new RegExp(`^${source}$`), literal: parts.join('').length };
}

/** The operation as it is declared: PUT is POST, and `?list=true` is LIST. */
function asked({ method, target }: HttpExample): { readonly method: string; readonly path: string } {
  const [path = '', query = ''] = target.slice('/v1/'.length).split('?');
  const isList = /(?:^|&)list=true/.test(query);
  return {
    method: isList ? 'LIST' : method === 'PUT' ? 'POST' : method,
    path: path.replace(/\/$/, ''),
  };
}
