import type { Flag } from '../command.ts';

export type FlagValue = string | boolean | number | readonly string[] | ReadonlyMap<string, string>;

/** A command's flags as they were given. Asking for one that the command does not declare is a programming error. */
export class Flags {
  readonly #declared: ReadonlySet<string>;
  readonly #values: ReadonlyMap<string, FlagValue>;

  constructor(declared: readonly Flag[], values: ReadonlyMap<string, FlagValue>) {
    this.#declared = new Set(declared.map((flag) => flag.name));
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#declared.has(name);
  }

  given(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  /** A text, or a duration in Go's form. */
  text(name: string): string | undefined {
    const value = this.#value(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    return typeof value === 'number' ? value : undefined;
  }

  boolean(name: string): boolean | undefined {
    const value = this.#value(name);
    return typeof value === 'boolean' ? value : undefined;
  }

  on(name: string): boolean {
    return this.boolean(name) ?? false;
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#value(name);
    return Array.isArray(value) ? value : undefined;
  }

  map(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#value(name);
    return value instanceof Map ? Object.fromEntries(value) : undefined;
  }

  #value(name: string): FlagValue | undefined {
    if (!this.#declared.has(name)) throw new Error(`the command declares no flag -${name}`);
    return this.#values.get(name);
  }
}
