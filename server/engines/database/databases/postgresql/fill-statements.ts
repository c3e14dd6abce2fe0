import { DatabaseError } from '../../database-plugin.ts';
import { statementsOf } from '../../statement-list.ts';
import { type PartContext, splitStatements } from './statement-parts.ts';

/** What may stand at the placeholders of a statement. */
export type StatementValues = Readonly<
  Partial<Record<'name' | 'username' | 'password' | 'expiration', string>>
>;

/** Inside a dollar quote or a comment nobody knows which quotes hold, so only what means the same in all of them. */
const plainEverywhere = /^[A-Za-z0-9_.@:+=/$ -]*$/;

/**
 * The statements with their values in place, one a string. A value is written so that it stays inside the quotes in
 * which its placeholder stands, and is put into quotes where there are none. Throws 'refused' when it cannot be.
 */
export function fillStatements(entries: readonly string[], values: StatementValues): string[] {
  return statementsOf(entries)
    .flatMap(splitStatements)
    .map((parts) =>
      parts
        .map((part) => {
          if (part.kind === 'text') return part.text;
          const value = valueFor(values, part.name);
          return value === undefined
            ? `{{${part.name}}}`
            : written(value, part.context, part.closing, part.name);
        })
        .join('')
        .trim(),
    );
}

function valueFor(values: StatementValues, name: string): string | undefined {
  switch (name) {
    case 'name':
    case 'username':
      return values.name ?? values.username;
    case 'password':
    case 'expiration':
      return values[name];
    default:
      return undefined;
  }
}

function written(value: string, context: PartContext, closing: string, name: string): string {
  if (value.includes('\0'))
    throw new DatabaseError('refused', `{{${name}}} holds a character that PostgreSQL cannot take`);
  switch (context) {
    case 'identifier':
      return value.replaceAll('"', '""');
    case 'literal':
      return value.replaceAll("'", "''");
    case 'escape literal':
      return value.replaceAll('\\', '\\\\').replaceAll("'", "''");
    case 'bare':
      return name === 'name' || name === 'username' ? quoteIdentifier(value) : quoteLiteral(value);
    case 'opaque':
      if (
        plainEverywhere.test(value) &&
        !value.includes('--') &&
        !value.includes('$$') &&
        !value.includes('/*') &&
        !(closing !== '' && value.includes(closing))
      )
        return value;
      throw new DatabaseError(
        'refused',
        `{{${name}}} stands inside a dollar quote or a comment, where only letters, digits and simple punctuation are safe`,
      );
  }
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Under `standard_conforming_strings`, which every transaction of ours sets. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
