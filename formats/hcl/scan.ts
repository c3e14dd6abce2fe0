import type { HclSource } from './syntax.ts';

export type TokenKind =
  | 'name'
  | 'string'
  | 'heredoc'
  | 'number'
  | '{'
  | '}'
  | '['
  | ']'
  | '='
  | ':'
  | ','
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

export interface Comment {
  readonly start: number;
  readonly end: number;
}

const space = /[ \t\r\n]+/y;
const name = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy;
const number = /-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/y;
const heredocStart = /<<(-?)([\p{L}\p{Nd}_]+)\r?\n/uy;
const restOfLine = /[^\n]*/y;

/** Cuts HCL1 text into tokens and comments, the last token being `end`. Linear time; throws `HclError`. */
export function scan(source: HclSource): { tokens: Token[]; comments: Comment[] } {
  const { text } = source;
  const tokens: Token[] = [];
  const comments: Comment[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    const blank = matchEnd(space, text, at);
    if (blank !== -1) {
      at = blank;
      continue;
    }
    const comment = endOfComment(source, at);
    if (comment !== -1) {
      comments.push({ start: at, end: comment });
      at = comment;
      continue;
    }
    const token = scanToken(source, at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', start: text.length, end: text.length });
  return { tokens, comments };
}

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function endOfComment(source: HclSource, at: number): number {
  const { text } = source;
  if (text[at] === '#' || text.startsWith('//', at)) {
    const end = matchEnd(restOfLine, text, at);
    return text[end - 1] === '\r' ? end - 1 : end;
  }
  if (!text.startsWith('/*', at)) return -1;
  const end = text.indexOf('*/', at + 2);
  if (end === -1) throw source.error(at, 'the comment is not closed', 'Close it with */.');
  return end + 2;
}

function scanToken(source: HclSource, at: number): Token {
  const { text } = source;
  const character = text[at];
  switch (character) {
    case '{':
    case '}':
    case '[':
    case ']':
    case '=':
    case ':':
    case ',':
      return { kind: character, start: at, end: at + 1 };
    case '"':
      return { kind: 'string', start: at, end: endOfString(source, at) };
    case '<':
      return { kind: 'heredoc', start: at, end: endOfHeredoc(source, at) };
  }
  const nameEnd = matchEnd(name, text, at);
  if (nameEnd !== -1) return { kind: 'name', start: at, end: nameEnd };
  const numberEnd = matchEnd(number, text, at);
  if (numberEnd === -1)
    throw source.error(at, 'this character has no meaning here', unexpectedHint(text, at));
  if (matchEnd(name, text, numberEnd) !== -1 || text[numberEnd] === '.') {
    throw source.error(at, 'this is not a number', 'Put text and durations in double quotes: "30m".');
  }
  return { kind: 'number', start: at, end: numberEnd };
}

function unexpectedHint(text: string, at: number): string {
  return text[at] === "'" || text[at] === '`' ? 'Strings are in double quotes.' : '';
}

/** Braces are counted inside `${…}`, where quotes and newlines do not end the string. */
function endOfString(source: HclSource, start: number): number {
  const { text } = source;
  let braces = 0;
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '"' && braces === 0) return at + 1;
    else if (character === '$' && braces === 0 && text[at + 1] === '{') {
      braces = 1;
      at++;
    } else if (character === '{' && braces > 0) braces++;
    else if (character === '}' && braces > 0) braces--;
    else if (character === '\n' && braces === 0) break;
  }
  const hint = 'Close it with a double quote; text of several lines is written as <<EOT … EOT.';
  throw source.error(start, 'the string is not closed', hint);
}

/** Up to and including the closing word, which stands alone in its line, indented or not. */
function endOfHeredoc(source: HclSource, start: number): number {
  const { text } = source;
  heredocStart.lastIndex = start;
  const word = heredocStart.exec(text)?.[2];
  if (word === undefined)
    throw source.error(
      start,
      'the text block has no closing word',
      'Begin it with <<EOT at the end of a line.',
    );
  for (let lineStart = heredocStart.lastIndex; lineStart <= text.length; ) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline === -1 ? text.length : newline;
    const wordStart = firstNonBlank(text, lineStart, lineEnd);
    if (text.startsWith(word, wordStart)) {
      const end = wordStart + word.length;
      if (end === lineEnd || (end + 1 === lineEnd && text[end] === '\r')) return end;
    }
    if (newline === -1) break;
    lineStart = newline + 1;
  }
  throw source.error(start, 'the text block is not closed', 'Repeat the word after << alone in a line.');
}

function firstNonBlank(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && (text[at] === ' ' || text[at] === '\t')) at++;
  return at;
}
