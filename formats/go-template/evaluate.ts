import { goText } from './go-printf.ts';
import type { TemplateFunctions } from './index.ts';
import type { ParsedTemplate } from './parse.ts';
import { type Command, type Operand, type Pipeline, TemplateError, type TemplateNode } from './syntax.ts';
import { isRaw, isTrue, ownField } from './values.ts';

/**
 * What a field that is not there is: `refused` as a field of a Go struct, `empty` (`<no value>`) or `error` as a key of
 * a Go map by the option missingkey.
 */
export type MissingKey = 'refused' | 'empty' | 'error';

export interface EvaluationOptions {
  readonly functions: TemplateFunctions;
  readonly missingKey: MissingKey;
  /** Nodes and characters; whoever writes a template cannot keep the program busy for ever. */
  readonly mostSteps: number;
}

type Signal = 'break' | 'continue' | undefined;
const mostNested = 100;

/** One run of one template. */
export class Evaluation {
  readonly #template: ParsedTemplate;
  readonly #options: EvaluationOptions;
  readonly #out: string[] = [];
  #variables: { readonly name: string; value: unknown }[] = [];
  #steps = 0;
  #nested = 0;

  constructor(template: ParsedTemplate, options: EvaluationOptions) {
    this.#template = template;
    this.#options = options;
  }

  run(data: unknown): string {
    this.#variables = [{ name: '', value: data }];
    this.#walk(this.#template.nodes, data);
    return this.#out.join('');
  }

  #walk(nodes: readonly TemplateNode[], dot: unknown): Signal {
    for (const node of nodes) {
      const signal = this.#node(node, dot);
      if (signal) return signal;
    }
    return undefined;
  }

  #node(node: TemplateNode, dot: unknown): Signal {
    switch (node.kind) {
      case 'text':
        this.#write(node.text, 0);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        this.#bind(node.pipeline, [value], node.line);
        if (node.pipeline.variables.length === 0) this.#write(goText(value), node.line);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#named(node, dot);
        return undefined;
      default: {
        const inSight = this.#variables.length;
        const signal = node.kind === 'range' ? this.#range(node, dot) : this.#choice(node, dot);
        this.#variables.length = inSight;
        return signal;
      }
    }
  }

  #choice(node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>, dot: unknown): Signal {
    const value = this.#pipeline(node.pipeline, dot);
    this.#bind(node.pipeline, [value], node.line);
    if (isTrue(value)) return this.#walk(node.body, node.kind === 'with' ? value : dot);
    return this.#walk(node.otherwise, dot);
  }

  #range(node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>, dot: unknown): Signal {
    const { pipeline, line } = node;
    const inSight = this.#variables.length;
    let isEmpty = true;
    for (const [key, value] of entriesOf(this.#pipeline(pipeline, dot), line)) {
      isEmpty = false;
      this.#step(1, line);
      this.#variables.length = inSight;
      this.#bind(pipeline, pipeline.variables.length === 2 ? [key, value] : [value], line);
      if (this.#walk(node.body, value) === 'break') break;
    }
    this.#variables.length = inSight;
    return isEmpty ? this.#walk(node.otherwise, dot) : undefined;
  }

  #named(node: Extract<TemplateNode, { kind: 'template' }>, dot: unknown): void {
    const nodes = this.#template.named.get(node.name);
    if (!nodes) throw new TemplateError(node.line, `template ${JSON.stringify(node.name)} not defined`);
    if (++this.#nested > mostNested) throw new TemplateError(node.line, 'exceeded maximum template depth');
    const data = node.pipeline ? this.#pipeline(node.pipeline, dot) : undefined;
    const outside = this.#variables;
    this.#variables = [{ name: '', value: data }];
    this.#walk(nodes, data);
    this.#variables = outside;
    this.#nested--;
  }

  #bind({ variables, assigns }: Pipeline, values: readonly unknown[], line: number): void {
    for (const [index, name] of variables.entries()) {
      if (assigns) this.#variable(name, line).value = values[index];
      else this.#variables.push({ name, value: values[index] });
    }
  }

  #variable(name: string, line: number): { value: unknown } {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) throw new TemplateError(line, `undefined variable: $${name}`);
    return found;
  }

  #pipeline({ commands }: Pipeline, dot: unknown): unknown {
    let result: unknown;
    for (const [stage, command] of commands.entries()) {
      this.#step(1, command.line);
      result = this.#command(command, dot, stage > 0 ? [result] : []);
    }
    return result;
  }

  #command({ line, operands }: Command, dot: unknown, piped: readonly unknown[]): unknown {
    const [first, ...rest] = operands;
    if (!first) throw new TemplateError(line, 'missing value for command');
    if (first.kind === 'function' && (first.name === 'and' || first.name === 'or'))
      return this.#shortCircuit(first.name, rest, dot, piped, line);
    const args = [...rest.map((operand) => this.#operand(operand, line, dot)), ...piped];
    if (first.kind === 'function') return this.#call(first.name, args, line);
    if (args.length > 0) throw new TemplateError(line, "can't give argument to non-function");
    return this.#operand(first, line, dot);
  }

  #shortCircuit(
    name: 'and' | 'or',
    operands: readonly Operand[],
    dot: unknown,
    piped: readonly unknown[],
    line: number,
  ): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#operand(operand, line, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    if (operands.length + piped.length === 0)
      throw new TemplateError(line, `wrong number of args for ${name}: want at least 1 got 0`);
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, line: number, dot: unknown): unknown {
    switch (operand.kind) {
      case 'constant':
        return operand.value;
      case 'variable':
        return this.#variable(operand.name, line).value;
      case 'function':
        return this.#call(operand.name, [], line);
      case 'pipeline':
        return this.#pipeline(operand.pipeline, dot);
      case 'field': {
        let value = operand.of ? this.#operand(operand.of, line, dot) : dot;
        for (const name of operand.names) value = this.#field(value, name, line);
        return value;
      }
    }
  }

  #field(value: unknown, name: string, line: number): unknown {
    const { missingKey } = this.#options;
    // What a map does not have is no value, and neither is anything in it.
    if (value === undefined && missingKey === 'empty') return undefined;
    if ((value === null || value === undefined) && missingKey !== 'refused')
      throw new TemplateError(line, `nil pointer evaluating interface {}.${name}`);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isRaw(value))
      throw new TemplateError(line, `can't evaluate field ${name}`);
    const field = ownField(value, name);
    if (field.found || missingKey === 'empty') return field.value;
    if (missingKey === 'error')
      throw new TemplateError(line, `map has no entry for key ${JSON.stringify(name)}`);
    throw new TemplateError(line, `can't evaluate field ${name}`);
  }

  #call(name: string, args: readonly unknown[], line: number): unknown {
    try {
      return this.#options.functions[name]?.(...args);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      const reason = error instanceof Error ? error.message : 'unknown';
      throw new TemplateError(line, `error calling ${name}: ${reason}`, { cause: error });
    }
  }

  #write(text: string, line: number): void {
    this.#step(text.length, line);
    this.#out.push(text);
  }

  #step(count: number, line: number): void {
    this.#steps += count;
    if (this.#steps > this.#options.mostSteps) throw new TemplateError(line, 'the template does too much');
  }
}

function* entriesOf(value: unknown, line: number): Generator<readonly [unknown, unknown]> {
  if (value === null || value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value)) {
    for (let index = 0; index < value; index++) yield [index, index];
  } else if (Array.isArray(value)) yield* value.entries();
  else if (typeof value === 'object' && !isRaw(value))
    yield* Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  else throw new TemplateError(line, "range can't iterate over that");
}
