import { goPrintf, goText } from './go-printf.ts';
import { parseNodes } from './parse.ts';
import { type Operand, type Pipeline, TemplateError, type TemplateNode } from './syntax.ts';

export { TemplateError } from './syntax.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

/** Those of Go's own functions that make sense on text. */
export const goFunctions: TemplateFunctions = {
  printf: (format, ...args) => goPrintf(goText(format), args),
  print: (...args) => args.map(goText).join(''),
  println: (...args) => `${args.map(goText).join(' ')}\n`,
  len: (value) => lengthOf(value),
};

export interface Template {
  /** Carries the template out over `data`, the dot. Throws `TemplateError`. */
  render(data: unknown): string;
}

/**
 * Reads a template in the language of Go's text/template: text, actions with pipelines, fields, functions,
 * parentheses, literals, comments and trimming. Control structures and variables are refused. Throws `TemplateError`.
 */
export function parseTemplate(source: string, functions: TemplateFunctions = {}): Template {
  const known: TemplateFunctions = { ...goFunctions, ...functions };
  const nodes = parseNodes(source, (name) => Object.hasOwn(known, name));
  return { render: (data) => nodes.map((node) => renderNode(node, data, known)).join('') };
}

function renderNode(node: TemplateNode, data: unknown, functions: TemplateFunctions): string {
  return node.kind === 'text' ? node.text : goText(runPipeline(node.pipeline, data, functions));
}

function runPipeline({ commands }: Pipeline, data: unknown, functions: TemplateFunctions): unknown {
  let result: unknown;
  for (const [stage, { line, operands }] of commands.entries()) {
    const [first, ...rest] = operands;
    if (!first) throw new TemplateError(line, 'missing value for command');
    const args = rest.map((operand) => evaluate(operand, line, data, functions));
    if (stage > 0) args.push(result);
    if (first.kind === 'function') result = callFunction(first.name, args, line, functions);
    else if (args.length > 0) throw new TemplateError(line, "can't give argument to non-function");
    else result = evaluate(first, line, data, functions);
  }
  return result;
}

function evaluate(operand: Operand, line: number, data: unknown, functions: TemplateFunctions): unknown {
  switch (operand.kind) {
    case 'constant':
      return operand.value;
    case 'function':
      return callFunction(operand.name, [], line, functions);
    case 'pipeline':
      return runPipeline(operand.pipeline, data, functions);
    case 'field': {
      let value = operand.of ? evaluate(operand.of, line, data, functions) : data;
      for (const name of operand.names) value = fieldOf(value, name, line);
      return value;
    }
  }
}

function fieldOf(value: unknown, name: string, line: number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
    throw new TemplateError(line, `can't evaluate field ${name}`);
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function callFunction(
  name: string,
  args: readonly unknown[],
  line: number,
  functions: TemplateFunctions,
): unknown {
  try {
    return functions[name]?.(...args);
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    throw new TemplateError(
      line,
      `error calling ${name}: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new Error('len of something without a length');
}
