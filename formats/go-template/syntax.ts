/** A template that cannot be read, or could not be carried out. The message names the line, never a value. */
export class TemplateError extends Error {
  readonly line: number;
  constructor(line: number, reason: string, options?: ErrorOptions) {
    super(`template:${line}: ${reason}`, options);
    this.name = 'TemplateError';
    this.line = line;
  }
}

/** What a template is made of. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly line: number; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly line: number;
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | {
      readonly kind: 'template';
      readonly line: number;
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
    }
  | { readonly kind: 'break' | 'continue'; readonly line: number };

/** Commands of which each gets the result of the one before as its last argument. */
export interface Pipeline {
  /** Variables that take the result: one, or two for `range`. */
  readonly variables: readonly string[];
  /** `$x = …` changes a variable that is there; `$x := …` makes one. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly line: number;
  readonly operands: readonly Operand[];
}

export type Operand =
  /** `.`, `.A.B`; no names for the dot itself. */
  | { readonly kind: 'field'; readonly of: Operand | undefined; readonly names: readonly string[] }
  /** `$x`; an empty name for `$`. */
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

export type Token = { readonly line: number } & (
  | { readonly kind: 'string' | 'number' | 'word' | 'variable'; readonly text: string }
  /** `.Name`, without the dot; empty for the dot alone. `isAttached` when nothing stands before it, as in `(f).Name`. */
  | { readonly kind: 'field'; readonly text: string; readonly isAttached: boolean }
  | { readonly kind: '|' | '(' | ')' | ':=' | '=' | ',' }
);

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly line: number; readonly tokens: readonly Token[] };

/** What opens and closes an action; `{{` and `}}` unless said. */
export interface Delimiters {
  readonly left: string;
  readonly right: string;
}
