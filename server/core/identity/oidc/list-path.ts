import { definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import type { JsonObject } from '../../../contracts/request.ts';
import { pageFields } from '../identity-lists.ts';
import type { Where } from './oidc-store.ts';

/** A list of names, with what `describe` says of each when it is given. */
export function listPath(
  pattern: string,
  what: string,
  names: (namespace: Where) => Promise<readonly string[]>,
  describe?: (namespace: Where, names: readonly string[]) => Promise<JsonObject>,
): PathDeclaration {
  return definePath({
    pattern,
    fields: pageFields,
    help: { synopsis: `All ${what} by name.`, description: 'In order; in pages with `after` and `limit`.' },
    operations: {
      list: {
        summary: `List ${what}`,
        pure: true,
        async handler({ fields: { after = '', limit = 0 }, namespace }) {
          const wanted = (await names(namespace)).filter((name) => name > after);
          const keys = limit > 0 ? wanted.slice(0, limit) : wanted;
          const info = describe && { key_info: await describe(namespace, keys) };
          return keys.length === 0 ? undefined : { data: { ...info, keys } };
        },
      },
    },
  });
}
