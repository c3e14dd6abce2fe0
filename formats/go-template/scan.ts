import { type Piece, TemplateError, type Token } from './syntax.ts';

const open = '{{';
const close = '}}';

/** Takes a template apart into text and the tokens of its actions. Comments are gone, `{{-` and `-}}` have trimmed their neighbours. */
export function scanTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let line = 1;
  let trimsNext = false;
  const addText = (text: string, trimsEnd: boolean) => {
    line += countLines(text);
    let kept = trimsNext ? text.replace(/^[ \t\r\n]+/, '') : text;
    if (trimsEnd) kept = kept.replace(/[ \t\r\n]+$/, '');
    if (kept !== '') pieces.push({ kind: 'text', text: kept });
  };
  for (;;) {
    const start = source.indexOf(open, at);
    if (start < 0) {
      addText(source.slice(at), false);
      return pieces;
    }
    const trimsBefore = /^-[ \t\r\n]/.test(source.slice(start + 2, start + 4));
    addText(source.slice(at, start), trimsBefore);
    const action = new ActionScanner(source, start + (trimsBefore ? 4 : 2), line);
    const tokens = action.scan();
    if (tokens) pieces.push({ kind: 'action', line, tokens });
    line = action.line;
    at = action.at;
    trimsNext = action.trimsNext;
  }
}

class ActionScanner {
  at: number;
  line: number;
  trimsNext = false;
  readonly #source: string;

  constructor(source: string, at: number, line: number) {
    this.#source = source;
    this.at = at;
    this.line = line;
  }

  /** Up to and with the closing braces. Undefined for a comment. */
  scan(): Token[] | undefined {
    if (this.#source.startsWith('/*', this.at)) return this.#comment();
    const tokens: Token[] = [];
    for (;;) {
      const before = this.at;
      this.#skipSpace();
      const isAttached = this.at === before && tokens.length > 0;
      if (this.#source.startsWith(close, this.at)) {
        this.at += close.length;
        return tokens;
      }
      if (this.at > before && this.#source.startsWith(`-${close}`, this.at)) {
        this.at += close.length + 1;
        this.trimsNext = true;
        return tokens;
      }
      if (this.at >= this.#source.length) throw new TemplateError(this.line, 'unclosed action');
      tokens.push(this.#token(isAttached));
    }
  }

  #comment(): undefined {
    const end = this.#source.indexOf('*/', this.at);
    if (end < 0) throw new TemplateError(this.line, 'unclosed comment');
    const rest = /^[ \t\r\n]-\}\}|^\}\}/.exec(this.#source.slice(end + 2, end + 6));
    if (!rest) throw new TemplateError(this.line, 'comment ends before closing delimiter');
    this.line += countLines(this.#source.slice(this.at, end));
    this.trimsNext = rest[0].length > close.length;
    this.at = end + 2 + rest[0].length;
    return undefined;
  }

  #token(isAttached: boolean): Token {
    const { line } = this;
    const first = this.#source[this.at] ?? '';
    if (first === '|' || first === '(' || first === ')') {
      this.at++;
      return { kind: first, line };
    }
    if (first === '"') return { kind: 'string', text: this.#quoted(), line };
    if (first === '`') return { kind: 'string', text: this.#raw(), line };
    const number = this.#match(/[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?)(?![\p{L}\p{N}_])/uy);
    if (number !== undefined) return { kind: 'number', text: number, line };
    const field = this.#match(/\.[\p{L}_][\p{L}\p{N}_]*|\.(?![\p{L}\p{N}_.])/uy);
    if (field !== undefined) return { kind: 'field', text: field.slice(1), isAttached, line };
    const word = this.#match(/[\p{L}_][\p{L}\p{N}_]*/uy);
    if (word !== undefined) return { kind: 'word', text: word, line };
    if (first === '$') throw new TemplateError(line, 'variables are not known here');
    throw new TemplateError(line, `unexpected ${JSON.stringify(first)} in action`);
  }

  #quoted(): string {
    const text = this.#match(/"(?:[^"\\\n]|\\.)*"/y);
    if (text === undefined) throw new TemplateError(this.line, 'unterminated quoted string');
    return text.slice(1, -1).replaceAll(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g, (_all, letters: string) => {
      const known = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\', "'": "'" }[letters];
      if (known !== undefined) return known;
      if (letters.length > 1) return String.fromCharCode(Number.parseInt(letters.slice(1), 16));
      throw new TemplateError(this.line, 'unknown escape in a quoted string');
    });
  }

  #raw(): string {
    const text = this.#match(/`[^`]*`/y);
    if (text === undefined) throw new TemplateError(this.line, 'unterminated raw quoted string');
    this.line += countLines(text);
    return text.slice(1, -1);
  }

  #skipSpace(): void {
    this.line += countLines(this.#match(/[ \t\r\n]*/y) ?? '');
  }

  #match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.#source)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
