import { suggestion } from '../../formats/nearest-word/index.ts';
import { StartProblem } from './start-problem.ts';

export interface FlagDeclaration {
  readonly kind: 'switch' | 'text' | 'texts';
  /** What stands for its value in the help. */
  readonly value?: string;
  readonly description: string;
  /** A flag of Vault's that does nothing here; `description` says why. It is left out of the help. */
  readonly ignored?: boolean;
  /** Environment variable that sets it, without prefix. */
  readonly variable?: string;
}

export type FlagDeclarations = Readonly<Record<string, FlagDeclaration>>;

export interface ParsedFlags {
  readonly isHelp: boolean;
  isOn(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** Names of ignored flags that were given. */
  readonly ignored: readonly string[];
}

/**
 * Reads flags as Vault does: one dash or two, `-flag=value` or `-flag value`, switches with an optional `=false`.
 * Throws `StartProblem` for an unknown flag, a missing value, or anything that is no flag. Values are not repeated.
 */
export function parseFlags(
  argv: readonly string[],
  declared: FlagDeclarations,
  environment: Readonly<Record<string, string | undefined>>,
): ParsedFlags {
  const values = valuesFromEnvironment(declared, environment);
  let isHelp = false;
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? '';
    const [, name = '', , given] = /^--?([A-Za-z][^=]*)(=([\s\S]*))?$/.exec(token) ?? [];
    if (name === 'help' || name === 'h') {
      isHelp = true;
      continue;
    }
    if (name === '')
      throw new StartProblem('there is an argument too many', 'Everything here is a flag; see -help.');
    const flag = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (!flag) {
      throw new StartProblem(
        `flag provided but not defined: -${name}`,
        `${suggestion(name, Object.keys(declared)).trim()} See -help.`.trim(),
      );
    }
    if (flag.kind === 'switch') {
      values.set(name, [String(given === undefined || readSwitch(name, given))]);
      continue;
    }
    const value = given ?? argv[++at];
    if (value === undefined)
      throw new StartProblem(`-${name} needs a value`, `Write -${name}=${flag.value ?? 'VALUE'}.`);
    values.set(name, flag.kind === 'texts' ? [...(values.get(name) ?? []), value] : [value]);
  }
  return {
    isHelp,
    isOn: (name) => values.get(name)?.[0] === 'true',
    text: (name) => values.get(name)?.at(-1),
    texts: (name) => values.get(name) ?? [],
    ignored: [...values.keys()].filter((name) => declared[name]?.ignored),
  };
}

/** The flags as a person reads them. */
export function describeFlags(declared: FlagDeclarations): string {
  return Object.entries(declared)
    .filter(([, { ignored }]) => !ignored)
    .map(([name, { kind, value, description }]) => {
      const head = kind === 'switch' ? `-${name}` : `-${name}=${value ?? 'VALUE'}`;
      return `  ${head}\n      ${description}\n`;
    })
    .join('');
}

function valuesFromEnvironment(
  declared: FlagDeclarations,
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const [name, { variable }] of Object.entries(declared)) {
    if (variable === undefined) continue;
    const value = ['COFFER_', 'VAULT_', 'BAO_']
      .map((prefix) => environment[prefix + variable])
      .find((text) => text);
    if (value !== undefined) values.set(name, [value]);
  }
  return values;
}

function readSwitch(name: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new StartProblem(`-${name} is a switch`, `Write -${name} or -${name}=false.`);
}
