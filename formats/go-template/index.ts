import { Evaluation, type MissingKey } from './evaluate.ts';
import { goFunctions } from './go-functions.ts';
import { parseNodes } from './parse.ts';
import type { Delimiters } from './syntax.ts';

export { goFunctions } from './go-functions.ts';
export { goText } from './go-printf.ts';
export { TemplateError } from './syntax.ts';
export { isTrue } from './values.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

export interface TemplateOptions {
  readonly delimiters?: Delimiters;
  /** `refused` unless said: the data is a Go struct. */
  readonly missingKey?: MissingKey;
  /** Nodes carried out and characters written, at most; 1,000,000 unless said. */
  readonly mostSteps?: number;
}

export interface Template {
  /** Carries the template out over `data`, the dot. Throws `TemplateError`. */
  render(data: unknown): string;
}

/**
 * Reads a template in the language of Go's text/template, Go 1.26: text, pipelines, variables, `if`, `with`, `range`,
 * `break`, `continue`, `define`, `template`, `block`, comments and trimming. Whole and other numbers are one kind
 * here; methods, `call` and complex numbers are not there. Throws `TemplateError`.
 */
export function parseTemplate(
  source: string,
  functions: TemplateFunctions = {},
  options: TemplateOptions = {},
): Template {
  const known: TemplateFunctions = { ...goFunctions, ...functions };
  const delimiters = options.delimiters ?? { left: '{{', right: '}}' };
  const parsed = parseNodes(source, (name) => Object.hasOwn(known, name), delimiters);
  const { missingKey = 'refused', mostSteps = 1_000_000 } = options;
  return {
    render: (data) => new Evaluation(parsed, { functions: known, missingKey, mostSteps }).run(data),
  };
}
