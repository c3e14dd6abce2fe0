import { compileFilter, FilterError } from '../../../formats/filter-expression/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { AuditExchange } from './exchange.ts';

/** Whether a device wants the entries of an exchange. Both entries of one are decided alike. */
export type EntryFilter = (exchange: AuditExchange) => boolean;

const facts: Readonly<Record<string, (exchange: AuditExchange) => string>> = {
  mount_point: ({ namespace, mount }) => (mount ? namespace.path + mount.path : ''),
  mount_type: ({ mount }) => mount?.type ?? '',
  namespace: ({ namespace }) => namespace.path,
  operation: ({ operation }) => operation,
  path: ({ namespace, path }) => namespace.path + path,
};

/** `ns1` and `ns1/` are one namespace, and so are `root` and ''. */
export function canonicalNamespace(written: string): string {
  const bare = written.replace(/^\/+|\/+$/g, '');
  return bare === '' || bare === 'root' ? '' : `${bare}/`;
}

/** The option `filter`: Vault's five properties, the path and mount point with the namespace in front. Throws 'invalid-request'. */
export function parseEntryFilter(source: string): EntryFilter {
  try {
    const filter = compileFilter(source, {
      selectors: Object.keys(facts),
      canonical: {
        namespace: canonicalNamespace,
        mount_point: (written) => (written === '' ? '' : `${written.replace(/\/+$/, '')}/`),
      },
    });
    return (exchange) => filter(([name = '']) => facts[name]?.(exchange));
  } catch (error) {
    if (error instanceof FilterError) throw invalidRequest(`audit option "filter": ${error.message}`);
    throw error;
  }
}
