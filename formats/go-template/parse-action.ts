import { type Command, type Operand, type Pipeline, TemplateError, type Token } from './syntax.ts';

const keywords = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block']);
const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
]);
const mostDepth = 100;

/** Reads what stands in one pair of delimiters, after its keyword. `variables` are those in sight; it adds to them. */
export class ActionParser {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  readonly #isFunction: (name: string) => boolean;
  readonly #variables: string[];
  #at = 0;
  #depth = 0;

  constructor(
    tokens: readonly Token[],
    line: number,
    isFunction: (name: string) => boolean,
    variables: string[],
  ) {
    this.#tokens = tokens;
    this.#line = line;
    this.#isFunction = isFunction;
    this.#variables = variables;
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length;
  }

  nothingMore(): void {
    if (!this.isDone) throw this.#problem('unexpected words in action');
  }

  /** A quoted name, as `define` and `template` take. */
  name(where: string): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== 'string') throw this.#problem(`missing name in ${where}`);
    return token.text;
  }

  /** The rest, as one pipeline; `declares` says how many variables it may make. */
  all(declares: 'none' | 'one' | 'two' = 'none'): Pipeline {
    const variables = declares === 'none' ? undefined : this.#declaration(declares === 'two');
    const { commands } = this.#pipeline();
    if (!this.isDone) throw this.#problem('unexpected ")"');
    if (variables && !variables.assigns) this.#variables.push(...variables.names);
    return { commands, variables: variables?.names ?? [], assigns: variables?.assigns ?? false };
  }

  #declaration(mayBeTwo: boolean): { names: string[]; assigns: boolean } | undefined {
    const [first, sign, second, last] = this.#tokens.slice(this.#at, this.#at + 4);
    if (first?.kind !== 'variable') return undefined;
    if (sign?.kind === ':=' || sign?.kind === '=') {
      this.#at += 2;
      return this.#declared([first.text], sign.kind === '=');
    }
    if (sign?.kind !== ',') return undefined;
    if (!mayBeTwo) throw this.#problem('too many declarations');
    if (second?.kind !== 'variable' || (last?.kind !== ':=' && last?.kind !== '='))
      throw this.#problem('range can only initialize variables');
    this.#at += 4;
    return this.#declared([first.text, second.text], last.kind === '=');
  }

  #declared(names: string[], assigns: boolean): { names: string[]; assigns: boolean } {
    if (assigns) for (const name of names) this.#inSight(name);
    return { names, assigns };
  }

  #inSight(name: string): void {
    if (!this.#variables.includes(name)) throw this.#problem(`undefined variable "$${name}"`);
  }

  #pipeline(): Pipeline {
    if (++this.#depth > mostDepth) throw this.#problem('parentheses are nested too deeply');
    const commands = [this.#command()];
    while (this.#tokens[this.#at]?.kind === '|') {
      this.#at++;
      // Go lets a pipeline end in a bar.
      if (this.isDone) break;
      const command = this.#command();
      if (command.operands[0]?.kind === 'constant')
        throw this.#problem(`non executable command in pipeline stage ${commands.length + 1}`);
      commands.push(command);
    }
    this.#depth--;
    return { commands, variables: [], assigns: false };
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
    const [first] = operands;
    if (!first) throw this.#problem('missing value for command');
    if (first.kind === 'constant' && first.value === null) throw this.#problem('nil is not a command');
    return { line, operands };
  }

  #operand(token: Token): Operand {
    switch (token.kind) {
      case 'string':
        return { kind: 'constant', value: token.text };
      case 'number':
        return { kind: 'constant', value: this.#number(token.text) };
      case 'field':
        return { kind: 'field', of: undefined, names: token.text === '' ? [] : [token.text] };
      case 'variable':
        this.#inSight(token.text);
        return { kind: 'variable', name: token.text };
      case 'word':
        return this.#word(token.text);
      case '(': {
        const pipeline = this.#pipeline();
        if (this.#tokens[this.#at]?.kind !== ')') throw this.#problem('unclosed left paren');
        this.#at++;
        return { kind: 'pipeline', pipeline };
      }
      default:
        throw this.#problem(`unexpected "${token.kind}" in operand`);
    }
  }

  #number(text: string): number {
    const plain = text.replaceAll('_', '').replace(/^\+/, '');
    const value = plain.startsWith('-') ? -Number(plain.slice(1)) : Number(plain);
    // As in Go, a leading zero makes it octal.
    if (/^-?0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
    if (/^-?\d+$/.test(plain) && Math.abs(value) >= 2 ** 64) throw this.#problem('integer overflow');
    if (Number.isNaN(value)) throw this.#problem('bad number syntax');
    return value;
  }

  #word(name: string): Operand {
    const constant = constants.get(name);
    if (constant !== undefined) return { kind: 'constant', value: constant };
    if (this.#isFunction(name)) return { kind: 'function', name };
    if (keywords.has(name)) throw this.#problem(`unexpected <${name}> in command`);
    throw this.#problem(`function ${JSON.stringify(name)} not defined`);
  }

  /** `.A.B`, `$x.A` and `(f).A`: fields that follow without a space. */
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
    if (operand.kind !== 'pipeline' && operand.kind !== 'variable')
      throw this.#problem('a field of something that has none');
    return { kind: 'field', of: operand, names };
  }

  #problem(reason: string): TemplateError {
    return new TemplateError(this.#tokens[this.#at]?.line ?? this.#line, reason);
  }
}
