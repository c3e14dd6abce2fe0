/** A template that cannot be read, or could not be carried out. The message names the line, never a value. */
export class TemplateError extends Error {
  readonly line: number;
  constructor(line: number, reason: string) {
    super(`template:${line}: ${reason}`);
    this.name = 'TemplateError';
    this.line = line;
  }
}

/** What a template is made of: text as it stands, and actions. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly line: number; readonly pipeline: Pipeline };

/** Commands of which each gets the result of the one before as its last argument. */
export interface Pipeline {
  readonly commands: readonly Command[];
}

export interface Command {
  readonly line: number;
  readonly operands: readonly Operand[];
}

export type Operand =
  /** `.`, `.A.B`; no names for the dot itself. */
  | { readonly kind: 'field'; readonly of: Operand | undefined; readonly names: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

export type Token = { readonly line: number } & (
  | { readonly kind: 'string' | 'number' | 'word'; readonly text: string }
  /** `.Name`, without the dot; empty for the dot alone. `isAttached` when nothing stands before it, as in `(f).Name`. */
  | { readonly kind: 'field'; readonly text: string; readonly isAttached: boolean }
  | { readonly kind: '|' | '(' | ')' }
);

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly line: number; readonly tokens: readonly Token[] };
