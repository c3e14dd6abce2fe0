import type { FieldDeclarations } from '../contracts/paths.ts';

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
