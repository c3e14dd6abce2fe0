/** Where a placeholder stands decides how a value has to be written there. */
export type PartContext = 'bare' | 'identifier' | 'literal' | 'escape literal' | 'opaque';

export type StatementPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `name` as written between the braces. `closing` is the end of the dollar quote that it stands in. */
  | {
      readonly kind: 'placeholder';
      readonly name: string;
      readonly context: PartContext;
      readonly closing: string;
    };

/** Everything that opens something in PostgreSQL's lexical structure (manual, 4.1), or ends a statement. */
const opening =
  /--|\/\*|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|"|'|;|\{\{\s*(\w+)\s*\}\}|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/g;
const placeholder = /\{\{\s*(\w+)\s*\}\}/g;

/**
 * Takes templated SQL apart: into statements at the `;` outside of quotes and comments, and each into text and
 * placeholders with their context. The template is trusted, what will stand at its placeholders is not.
 */
export function splitStatements(sql: string): StatementPart[][] {
  const statements: StatementPart[][] = [[]];
  const add = (part: StatementPart) => statements.at(-1)?.push(part);
  let at = 0;
  let lastWord = '';
  let lastWordEnd = -1;
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(sql);
    if (!found) break;
    const [token, name] = found;
    if (found.index > at) add({ kind: 'text', text: sql.slice(at, found.index) });
    at = found.index + token.length;
    if (token === ';') statements.push([]);
    else if (name !== undefined) add({ kind: 'placeholder', name, context: 'bare', closing: '' });
    else if (/^\w|^[\u0080-\uffff]/.test(token)) {
      lastWord = token.toLowerCase();
      lastWordEnd = at;
      add({ kind: 'text', text: token });
    } else {
      const isEscape = token === "'" && lastWord === 'e' && lastWordEnd === found.index;
      const quoted = endOf(sql, token, at, isEscape);
      addQuoted(add, sql.slice(found.index, quoted.end), quoted.context, quoted.closing);
      at = quoted.end;
    }
  }
  if (at < sql.length) add({ kind: 'text', text: sql.slice(at) });
  return statements.filter((parts) =>
    parts.some((part) => part.kind === 'placeholder' || part.text.trim() !== ''),
  );
}

interface Quoted {
  readonly end: number;
  readonly context: PartContext;
  readonly closing: string;
}

/** What is not closed goes on to the end. */
function endOf(sql: string, token: string, from: number, isEscape: boolean): Quoted {
  if (token === '"') return { end: closingQuote(sql, /"/g, from), context: 'identifier', closing: '' };
  if (token === "'") {
    const end = closingQuote(sql, isEscape ? /\\[\s\S]|'/g : /'/g, from);
    return { end, context: isEscape ? 'escape literal' : 'literal', closing: '' };
  }
  if (token === '--') return { end: indexOrEnd(sql, '\n', from), context: 'opaque', closing: '' };
  if (token === '/*') return { end: endOfComment(sql, from), context: 'opaque', closing: '' };
  return { end: indexOrEnd(sql, token, from), context: 'opaque', closing: token };
}

/** A doubled quote is one that is quoted. */
function closingQuote(sql: string, quote: RegExp, from: number): number {
  quote.lastIndex = from;
  for (let found = quote.exec(sql); found; found = quote.exec(sql)) {
    if (found[0].length > 1) continue;
    if (sql[quote.lastIndex] !== found[0]) return quote.lastIndex;
    quote.lastIndex++;
  }
  return sql.length;
}

function indexOrEnd(sql: string, text: string, from: number): number {
  const index = sql.indexOf(text, from);
  return index < 0 ? sql.length : index + text.length;
}

/** Comments nest in PostgreSQL. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 1;
  for (let found = mark.exec(sql); found; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

function addQuoted(
  add: (part: StatementPart) => void,
  text: string,
  context: PartContext,
  closing: string,
): void {
  let at = 0;
  for (const found of text.matchAll(placeholder)) {
    if (found.index > at) add({ kind: 'text', text: text.slice(at, found.index) });
    add({ kind: 'placeholder', name: found[1] ?? '', context, closing });
    at = found.index + found[0].length;
  }
  if (at < text.length) add({ kind: 'text', text: text.slice(at) });
}
