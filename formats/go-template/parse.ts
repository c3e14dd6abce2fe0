import { scanTemplate } from './scan.ts';
import {
  type Command,
  type Operand,
  type Pipeline,
  TemplateError,
  type TemplateNode,
  type Token,
} from './syntax.ts';

const keywords = new Set([
  'if',
  'else',
  'end',
  'range',
  'with',
  'define',
  'template',
  'block',
  'break',
  'continue',
]);
const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
]);
const mostDepth = 100;

/** Reads a template. `isFunction` says which words are functions; any other word is refused. Throws `TemplateError`. */
export function parseNodes(source: string, isFunction: (name: string) => boolean): TemplateNode[] {
  return scanTemplate(source).map((piece): TemplateNode => {
    if (piece.kind === 'text') return piece;
    return {
      kind: 'action',
      line: piece.line,
      pipeline: new ActionParser(piece.tokens, piece.line, isFunction).all(),
    };
  });
}

class ActionParser {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  readonly #isFunction: (name: string) => boolean;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], line: number, isFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#line = line;
    this.#isFunction = isFunction;
  }

  all(): Pipeline {
    const pipeline = this.#pipeline();
    if (this.#at < this.#tokens.length) throw this.#problem('unexpected ")"');
    return pipeline;
  }

  #pipeline(): Pipeline {
    if (++this.#depth > mostDepth) throw this.#problem('parentheses are nested too deeply');
    const commands = [this.#command()];
    while (this.#tokens[this.#at]?.kind === '|') {
      this.#at++;
      const command = this.#command();
      if (command.operands[0]?.kind === 'constant')
        throw this.#problem(`non executable command in pipeline stage ${commands.length + 1}`);
      commands.push(command);
    }
    this.#depth--;
    return { commands };
  }

  #command(): Command {
    const operands: Operand[] = [];
    const line = this.#tokens[this.#at]?.line ?? this.#line;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (!token || token.kind === '|' || token.kind === ')') break;
      this.#at++;
      operands.push(this.#fieldsOf(this.#operand(token)));
    }
    if (operands.length === 0) throw this.#problem('missing value for command');
    return { line, operands };
  }

  #operand(token: Token): Operand {
    switch (token.kind) {
      case 'string':
        return { kind: 'constant', value: token.text };
      case 'number':
        return { kind: 'constant', value: Number(token.text) };
      case 'field':
        return { kind: 'field', of: undefined, names: token.text === '' ? [] : [token.text] };
      case 'word':
        return this.#word(token.text);
      default: {
        const pipeline = this.#pipeline();
        if (this.#tokens[this.#at]?.kind !== ')') throw this.#problem('unclosed left paren');
        this.#at++;
        return { kind: 'pipeline', pipeline };
      }
    }
  }

  #word(name: string): Operand {
    const constant = constants.get(name);
    if (constant !== undefined) return { kind: 'constant', value: constant };
    if (this.#isFunction(name)) return { kind: 'function', name };
    if (keywords.has(name)) throw this.#problem(`"${name}" is not known here`);
    throw this.#problem(`function ${JSON.stringify(name)} not defined`);
  }

  /** `.A.B` and `(f).A`: fields that follow without a space. */
  #fieldsOf(operand: Operand): Operand {
    const names: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== 'field' || !token.isAttached || token.text === '') break;
      names.push(token.text);
      this.#at++;
    }
    if (names.length === 0) return operand;
    if (operand.kind === 'field') return { ...operand, names: [...operand.names, ...names] };
    if (operand.kind !== 'pipeline') throw this.#problem('a field of something that has none');
    return { kind: 'field', of: operand, names };
  }

  #problem(reason: string): TemplateError {
    return new TemplateError(this.#tokens[this.#at]?.line ?? this.#line, reason);
  }
}
