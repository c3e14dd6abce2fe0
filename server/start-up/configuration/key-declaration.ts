/** The kinds of values that a key of a configuration file takes. */
export interface KeyTypes {
  string: string;
  /** A path of this machine. */
  path: string;
  boolean: boolean;
  /** A whole number, not negative. */
  integer: number;
  /** A number of bytes, or a string with a unit: `32MiB`, `64MB`. */
  bytes: number;
  /** Seconds, or a string with a unit: `90s`, `1h30m`. */
  seconds: number;
  /** A list of strings, or one string with commas. */
  strings: readonly string[];
  /** A stanza of its own, read by the code that knows it. */
  block: undefined;
  /** A key of Vault's that has nothing to do here: accepted in any form, and explained in a warning. */
  accepted: undefined;
}

interface DeclarationOf<T extends keyof KeyTypes> {
  readonly type: T;
  /** For `accepted`: what Coffer does instead. */
  readonly description: string;
  readonly default?: KeyTypes[T];
  /** The default in words, where it is no single value. */
  readonly defaultText?: string;
  readonly allowed?: readonly string[];
  /** What Vault does, where that differs. */
  readonly vault?: string;
  /** Other names of the same key. */
  readonly aliases?: readonly string[];
  /** The environment variable that wins over the files, without its prefix `COFFER_`, `VAULT_` or `BAO_`. */
  readonly variable?: string;
  /** `accepted` only: it restricts something in Vault, so a server that ignored it would be more open than was asked for. */
  readonly refused?: boolean;
}

export type KeyDeclaration = { [T in keyof KeyTypes]: DeclarationOf<T> }[keyof KeyTypes];
export type KeyDeclarations = Readonly<Record<string, KeyDeclaration>>;

/** What the files said. */
export type GivenValues<K extends KeyDeclarations> = {
  readonly [N in keyof K]: KeyTypes[K[N]['type']] | undefined;
};

/** With defaults filled in. */
export type CompleteValues<K extends KeyDeclarations> = {
  readonly [N in keyof K]: K[N] extends { readonly default: string | number | boolean | readonly string[] }
    ? KeyTypes[K[N]['type']]
    : KeyTypes[K[N]['type']] | undefined;
};

/** A table of keys, typed by what it declares. Validation and docs/reference/configuration.md come from it. */
export function defineKeys<const K extends KeyDeclarations>(keys: K): K {
  return keys;
}

/** One stanza of the configuration, for the reference. */
export interface StanzaDeclaration {
  readonly title: string;
  readonly description: string;
  readonly example?: string;
  readonly keys: KeyDeclarations;
}
