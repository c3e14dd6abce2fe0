/** What an import does with one thing of the source; `path` is how reports, globs and tables name it. */
export interface Step {
  readonly kind: string;
  /** Namespace-relative paths joined: `team/secret/ai/openai`, `sys/policies/acl/reader`. */
  readonly path: string;
  /** Reads both servers and changes neither. */
  plan(): Promise<Plan>;
}

/** Steps of one kind; those of a stage may run at once, unless they depend on one another. */
export interface Stage {
  readonly kind: string;
  readonly steps: readonly Step[];
  /** A namespace needs its parent, a group its members. */
  readonly inOrder?: boolean;
}

/** `notes` say what of it is not carried; `apply` and `replace` may add to them. */
export type Plan =
  | { readonly do: 'create' | 'continue'; readonly notes?: string[]; apply(): Promise<void> }
  | { readonly do: 'nothing'; readonly notes?: string[] }
  /** The target has something else there. Without `replace` it cannot be overwritten. */
  | { readonly do: 'conflict'; readonly why: string; readonly notes?: string[]; replace?(): Promise<void> }
  | { readonly do: 'cannot'; readonly why: string; readonly notes?: string[] };

export type Result = 'carried' | 'unchanged' | 'skipped' | 'overwritten' | 'not-carried' | 'failed';

/** What became of one step. Holds names and reasons, never a value. */
export interface Outcome {
  readonly kind: string;
  readonly path: string;
  readonly result: Result;
  readonly reason?: string;
  readonly notes?: readonly string[];
}

/** What a dry run says it would do. */
export interface Intention {
  readonly action: string;
  readonly kind: string;
  readonly path: string;
  readonly note: string;
}
