import { ActionParser } from './parse-action.ts';
import { scanTemplate } from './scan.ts';
import { type Delimiters, type Piece, TemplateError, type TemplateNode } from './syntax.ts';

export interface ParsedTemplate {
  readonly nodes: readonly TemplateNode[];
  /** By `define` and `block`. */
  readonly named: ReadonlyMap<string, readonly TemplateNode[]>;
}

type Action = Extract<Piece, { kind: 'action' }>;
type Stop = { readonly word: 'end' | 'else'; readonly action: Action };

const mostDepth = 100;

/** Reads a template. `isFunction` says which words are functions; any other word is refused. Throws `TemplateError`. */
export function parseNodes(
  source: string,
  isFunction: (name: string) => boolean,
  delimiters: Delimiters,
): ParsedTemplate {
  return new TreeParser(scanTemplate(source, delimiters), isFunction).all();
}

class TreeParser {
  readonly #pieces: readonly Piece[];
  readonly #isFunction: (name: string) => boolean;
  readonly #named = new Map<string, readonly TemplateNode[]>();
  /** Names in sight; the empty one is `$`. */
  #variables: string[] = [''];
  #at = 0;
  #depth = 0;
  #loops = 0;

  constructor(pieces: readonly Piece[], isFunction: (name: string) => boolean) {
    this.#pieces = pieces;
    this.#isFunction = isFunction;
  }

  all(): ParsedTemplate {
    const { nodes, stop } = this.#list();
    if (stop) throw new TemplateError(stop.action.line, `unexpected {{${stop.word}}}`);
    return { nodes, named: this.#named };
  }

  #list(): { nodes: TemplateNode[]; stop: Stop | undefined } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const piece = this.#pieces[this.#at++];
      if (!piece) return { nodes, stop: undefined };
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const word = wordOf(piece);
      if (word === 'end' || word === 'else') return { nodes, stop: { word, action: piece } };
      const node = this.#node(piece, word);
      if (node) nodes.push(node);
    }
  }

  #node(action: Action, word: string | undefined): TemplateNode | undefined {
    const { line } = action;
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(action, word, 1);
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw new TemplateError(line, `{{${word}}} outside {{range}}`);
        this.#parser(action, 1).nothingMore();
        return { kind: word, line };
      case 'define':
        if (this.#depth > 0) throw new TemplateError(line, 'unexpected {{define}}');
        this.#define(action, false);
        return undefined;
      case 'block':
        return this.#define(action, true);
      case 'template': {
        const parser = this.#parser(action, 1);
        const name = parser.name('template clause');
        return { kind: 'template', line, name, pipeline: parser.isDone ? undefined : parser.all() };
      }
      default:
        return { kind: 'action', line, pipeline: this.#parser(action, 0).all('one') };
    }
  }

  #control(action: Action, kind: 'if' | 'with' | 'range', from: number): TemplateNode {
    const { line } = action;
    const inSight = this.#variables.length;
    this.#enter(line);
    const pipeline = this.#parser(action, from).all(kind === 'range' ? 'two' : 'one');
    if (kind === 'range') this.#loops++;
    const body = this.#list();
    if (kind === 'range') this.#loops--;
    const otherwise = body.stop?.word === 'else' ? this.#otherwise(body.stop.action, kind) : [];
    if (!body.stop) throw new TemplateError(line, `unexpected EOF: {{${kind}}} is not ended`);
    if (body.stop.word === 'end') this.#parser(body.stop.action, 1).nothingMore();
    this.#variables.length = inSight;
    this.#depth--;
    return { kind, line, pipeline, body: body.nodes, otherwise };
  }

  /** What follows `else`, up to and with the `end`; `else if` and `else with` are a node of their own, ended by the same `end`. */
  #otherwise(action: Action, kind: 'if' | 'with' | 'range'): readonly TemplateNode[] {
    const second = wordOf(action, 1);
    if (second !== undefined && second === kind && kind !== 'range') return [this.#control(action, kind, 2)];
    this.#parser(action, 1).nothingMore();
    const { nodes, stop } = this.#list();
    if (!stop) throw new TemplateError(action.line, 'unexpected EOF: {{else}} is not ended');
    if (stop.word === 'else') throw new TemplateError(stop.action.line, 'expected end; found {{else}}');
    this.#parser(stop.action, 1).nothingMore();
    return nodes;
  }

  #define(action: Action, isBlock: boolean): TemplateNode {
    const { line } = action;
    this.#enter(line);
    const parser = this.#parser(action, 1);
    const name = parser.name(isBlock ? 'block clause' : 'define clause');
    const pipeline = isBlock ? parser.all() : undefined;
    parser.nothingMore();
    const outside = { variables: this.#variables, loops: this.#loops };
    this.#variables = [''];
    this.#loops = 0;
    const { nodes, stop } = this.#list();
    if (stop?.word !== 'end')
      throw new TemplateError(stop?.action.line ?? line, `unexpected ${stop ? '{{else}}' : 'EOF'} in define`);
    this.#variables = outside.variables;
    this.#loops = outside.loops;
    this.#depth--;
    this.#named.set(name, nodes);
    return { kind: 'template', line, name, pipeline };
  }

  #enter(line: number): void {
    if (++this.#depth > mostDepth) throw new TemplateError(line, 'blocks are nested too deeply');
  }

  #parser(action: Action, from: number): ActionParser {
    return new ActionParser(action.tokens.slice(from), action.line, this.#isFunction, this.#variables);
  }
}

function wordOf(action: Action, index = 0): string | undefined {
  const token = action.tokens[index];
  return token?.kind === 'word' ? token.text : undefined;
}
