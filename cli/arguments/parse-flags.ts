import { formatGoDuration, parseDurationSeconds } from '../../formats/duration/index.ts';
import type { Flag } from '../command.ts';
import { Failure } from '../failure.ts';

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

export interface ParsedArguments {
  readonly flags: Flags;
  readonly positional: readonly string[];
}

/** `-help`, `--help` or `-h` stood among the arguments. */
export class HelpRequested extends Error {}

/**
 * Separates flags from positional arguments. Flags have one dash or two, `-flag=value` or `-flag value`, and may
 * stand anywhere; a boolean takes its value only after `=`. `-` alone is positional (standard input), and
 * everything after `--` is. Throws `HelpRequested`, or `Failure` with exit code 1.
 */
export function parseFlags(tokens: readonly string[], declared: readonly Flag[]): ParsedArguments {
  const byName = new Map(
    declared.flatMap((flag) => [flag.name, ...(flag.aliases ?? [])].map((name) => [name, flag])),
  );
  const values = new Map<string, FlagValue>();
  const positional: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    if (token === '--') {
      positional.push(...tokens.slice(at + 1));
      break;
    }
    if (token === '-' || !token.startsWith('-')) {
      positional.push(token);
      continue;
    }
    const { name, value } = splitFlag(token);
    const flag = byName.get(name);
    if (flag === undefined) {
      if (name === 'h' || name === 'help') throw new HelpRequested();
      throw unknownFlag(name, byName.keys());
    }
    if (flag.kind === 'boolean') {
      values.set(flag.name, value === undefined ? true : readBoolean(name, value));
      continue;
    }
    const given = value ?? tokens[++at];
    if (given === undefined) throw new Failure(1, `flag needs an argument: -${name}`);
    values.set(flag.name, readValue(flag, name, given, values.get(flag.name)));
  }
  return { flags: new Flags(declared, values), positional };
}

function splitFlag(token: string): { name: string; value: string | undefined } {
  const bare = token.replace(/^--?/, '');
  const equals = bare.indexOf('=');
  return equals === -1
    ? { name: bare, value: undefined }
    : { name: bare.slice(0, equals), value: bare.slice(equals + 1) };
}

/** The name only: what stands after `=` may be a secret. */
async function suggestionFor(name: string, names: Iterable<string>): Promise<string | undefined> {
  const { suggest } = await import('../../formats/nearest-word/index.ts');
  return suggest(name, names);
}

/** A flag that the command does not have; `suggestion` is worked out only when it is shown. */
export class UnknownFlag extends Failure {
  readonly suggestion: () => Promise<string | undefined>;
  constructor(name: string, names: Iterable<string>) {
    super(1, `flag provided but not defined: -${name}`);
    const all = [...names];
    this.suggestion = () => suggestionFor(name, all);
  }
}

function unknownFlag(name: string, names: Iterable<string>): UnknownFlag {
  return new UnknownFlag(name, names);
}

function readBoolean(name: string, value: string): boolean {
  if (/^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw new Failure(1, `invalid value "${value}" for flag -${name}: it is true or false`);
}

function readValue(flag: Flag, name: string, given: string, before: FlagValue | undefined): FlagValue {
  switch (flag.kind) {
    case 'number':
      if (!/^[-+]?\d{1,15}$/.test(given))
        throw new Failure(1, `invalid value "${given}" for flag -${name}: it is a whole number`);
      return Number(given);
    case 'duration':
      return readDuration(name, given);
    case 'list':
      return [...(Array.isArray(before) ? before : []), given];
    case 'map': {
      const equals = given.indexOf('=');
      if (equals === -1) throw new Failure(1, `invalid value for flag -${name}: it has the form key=value`);
      return new Map([
        ...(before instanceof Map ? before : []),
        [given.slice(0, equals), given.slice(equals + 1)],
      ]);
    }
    default:
      return given;
  }
}

/** Kept as Go prints it (`1h0m0s`), which is what Vault's own client sends. */
function readDuration(name: string, given: string): string {
  try {
    return formatGoDuration(parseDurationSeconds(given, { allowNegative: true }));
  } catch {
    throw new Failure(
      1,
      `invalid value "${given}" for flag -${name}: it is a duration, such as 90s, 30m, 1h30m or 3600`,
    );
  }
}
