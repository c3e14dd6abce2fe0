import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorTable } from '../server/contracts/errors.ts';

export const referencePath = join(import.meta.dirname, '../docs/reference/errors.md');

const introduction = `# Errors

<!-- Generated from the table in server/contracts/errors.ts by tools/generate-error-reference.ts; a test keeps it current. Edit the table, then run: npm run docs -->

Every request that ends badly is answered \`{"errors": ["…"]}\` with one of these statuses. The message is the one below unless the
place that refused has a better one. Codes are stable and stand in the server's log; in a few places Vault's clients depend on
another status than the code's own, and get it.

| code | status | message | what it means |
| --- | --- | --- | --- |
`;

/** The whole of docs/reference/errors.md. */
export function renderReference(): string {
  const rows = Object.entries(errorTable)
    .map(([code, { status, message, meaning }]) => ({ code, status, message, meaning }))
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
    .map(
      ({ code, status, message, meaning }) =>
        `| \`${code}\` | ${status} | ${message || '(none)'} | ${meaning} |\n`,
    );
  return introduction + rows.join('');
}

if (import.meta.main) writeFileSync(referencePath, renderReference());
