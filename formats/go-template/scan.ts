import { type Delimiters, type Piece, TemplateError, type Token } from './syntax.ts';

/** Takes a template apart into text and the tokens of its actions. Comments are gone, `{{-` and `-}}` have trimmed their neighbours. */
export function scanTemplate(source: string, delimiters: Delimiters): Piece[] {
  const { left } = delimiters;
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
    const start = source.indexOf(left, at);
    if (start < 0) {
      addText(source.slice(at), false);
      return pieces;
    }
    const inner = start + left.length;
    const trimsBefore = /^-[ \t\r\n]/.test(source.slice(inner, inner + 2));
    addText(source.slice(at, start), trimsBefore);
    const action = new ActionScanner(source, inner + (trimsBefore ? 2 : 0), line, delimiters.right);
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
  readonly #close: string;

  constructor(source: string, at: number, line: number, close: string) {
    this.#close = close;
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
      if (this.at > before && this.#source.startsWith(`-${this.#close}`, this.at)) {
        this.at += this.#close.length + 1;
        this.trimsNext = true;
        return tokens;
      }
      if (this.#source.startsWith(this.#close, this.at)) {
        this.at += this.#close.length;
        return tokens;
      }
      if (this.at >= this.#source.length) throw new TemplateError(this.line, 'unclosed action');
      tokens.push(this.#token(isAttached));
    }
  }

  #comment(): undefined {
    const end = this.#source.indexOf('*/', this.at);
    if (end < 0) throw new TemplateError(this.line, 'unclosed comment');
    this.trimsNext = /^[ \t\r\n]-/.test(this.#source.slice(end + 2, end + 4));
    const closing = end + (this.trimsNext ? 4 : 2);
    if (!this.#source.startsWith(this.#close, closing))
      throw new TemplateError(this.line, 'comment ends before closing delimiter');
    this.line += countLines(this.#source.slice(this.at, closing));
    this.at = closing + this.#close.length;
    return undefined;
  }

  #token(isAttached: boolean): Token {
    const { line } = this;
    const first = this.#source[this.at] ?? '';
    if (first === '|' || first === '(' || first === ')') {
      this.at++;
      return { kind: first, line };
    }
    if (first === ',' || first === '=') {
      this.at++;
      return { kind: first, line };
    }
    if (this.#match(/:=/y) !== undefined) return { kind: ':=', line };
    if (first === "'") return { kind: 'number', text: this.#character(), line };
    if (first === '"') return { kind: 'string', text: this.#quoted(), line };
    if (first === '`') return { kind: 'string', text: this.#raw(), line };
    const number = this.#match(
      /[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\p{L}\p{N}_])/uy,
    );
    if (number !== undefined) return { kind: 'number', text: number, line };
    const variable = this.#match(/\$[\p{L}\p{N}_]*/uy);
    if (variable !== undefined) return { kind: 'variable', text: variable.slice(1), line };
    const field = this.#match(/\.[\p{L}_][\p{L}\p{N}_]*|\.(?![\p{L}\p{N}_.])/uy);
    if (field !== undefined) return { kind: 'field', text: field.slice(1), isAttached, line };
    const word = this.#match(/[\p{L}_][\p{L}\p{N}_]*/uy);
    if (word !== undefined) return { kind: 'word', text: word, line };
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

  /** `'a'` is the number of its character. */
  #character(): string {
    const text = this.#match(/'(?:[^'\\\n]|\\.)'/uy);
    if (text === undefined) throw new TemplateError(this.line, 'unterminated character constant');
    const inner = text.slice(1, -1);
    const escaped = { '\\n': '\n', '\\t': '\t', '\\r': '\r', "\\'": "'", '\\\\': '\\' }[inner];
    return String((escaped ?? inner).codePointAt(0) ?? 0);
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
