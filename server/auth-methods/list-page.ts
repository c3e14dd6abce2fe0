import { definePath, type FieldDeclarations, type PathDeclaration } from '../contracts/paths.ts';

/** Fields of every list. */
export const pageFields = {
  after: { type: 'string', description: 'Begin after this name', query: true },
  limit: { type: 'int', description: 'At most so many names; 0 for all', query: true },
} as const satisfies FieldDeclarations;

export interface Page {
  readonly after?: string;
  readonly limit?: number;
}

export function pageOf(fields: {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}): Page {
  const { after, limit } = fields;
  return {
    ...(after === undefined || after === '' ? {} : { after }),
    ...(limit === undefined || limit <= 0 ? {} : { limit }),
  };
}

/** The path that lists roles: `roles.list` answers their names, a page of them. */
export function listOfRoles(
  pattern: string,
  roles: { list(page: Page): Promise<readonly string[]> },
): PathDeclaration {
  return definePath({
    pattern,
    fields: pageFields,
    help: { synopsis: 'List the roles.', description: 'Names only; read one for its settings.' },
    operations: {
      list: {
        summary: 'List roles',
        pure: true,
        async handler({ fields }) {
          const keys = await roles.list(pageOf(fields));
          return keys.length > 0 ? { data: { keys } } : undefined;
        },
      },
    },
  });
}
