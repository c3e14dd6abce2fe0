/** A filter that cannot be read; the message says why and where, and repeats no value. */
export class FilterError extends Error {
  constructor(reason: string, at: number) {
    super(`${reason} (at character ${at + 1} of the filter)`);
    this.name = 'FilterError';
  }
}

export type FilterToken =
  | { readonly kind: 'word' | 'text'; readonly text: string; readonly at: number }
  | { readonly kind: '(' | ')' | '==' | '!=' | '[' | ']' | 'end'; readonly at: number };

const longestFilter = 4000;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
/** What ends a word without a quote. */
const ending = /[\s()[\]"`=!]/;

/** The words, texts and signs of a filter; the last token is 'end'. Throws `FilterError`. */
export function scanFilter(source: string): FilterToken[] {
  if (source.length > longestFilter) throw new FilterError(`more than ${longestFilter} characters`, 0);
  const tokens: FilterToken[] = [];
  let at = 0;
  while (at < source.length) {
    const character = source[at] ?? '';
    if (/\s/.test(character)) {
      at++;
    } else if (character === '(' || character === ')' || character === '[' || character === ']') {
      tokens.push({ kind: character, at });
      at++;
    } else if (character === '=' || character === '!') {
      if (source[at + 1] !== '=') throw new FilterError('comparisons are == and !=', at);
      tokens.push({ kind: character === '=' ? '==' : '!=', at });
      at += 2;
    } else if (character === '"' || character === '`') {
      const { text, end } = quotedText(source, at, character);
      tokens.push({ kind: 'text', text, at });
      at = end;
    } else {
      const start = at;
      while (at < source.length && !ending.test(source[at] ?? '')) at++;
      tokens.push({ kind: 'word', text: source.slice(start, at), at: start });
    }
  }
  tokens.push({ kind: 'end', at: source.length });
  return tokens;
}

/** Between backquotes every character is itself. */
function quotedText(source: string, start: number, quote: string): { text: string; end: number } {
  let text = '';
  for (let at = start + 1; at < source.length; at++) {
    const character = source[at] ?? '';
    if (character === quote) return { text, end: at + 1 };
    if (character !== '\\' || quote === '`') {
      text += character;
      continue;
    }
    at++;
    const escaped = source[at] ?? '';
    if (!Object.hasOwn(escapes, escaped)) throw new FilterError('this escape is not supported', at);
    text += escapes[escaped] ?? '';
  }
  throw new FilterError('a quote that is not closed', start);
}
