import { parseFlags } from '../../arguments/parse-flags.ts';
import type { Command, Entry } from '../../command.ts';
import { connect } from '../../connection/connect.ts';
import { flagsOf } from '../../global-flags.ts';
import type { Run } from '../../run.ts';
import type { Environment } from '../../settings.ts';
import { allCommands, isGroup } from '../index.ts';
import { namesFor } from './server-names.ts';

/** Prints one candidate a line for the last word of the line on standard input; nothing when there is none, whatever the reason. */
export async function candidates(run: Run): Promise<number> {
  const [, ...words] = splitLine(run.terminal.readInput());
  const partial = words.at(-1);
  if (partial === undefined) return 0;
  const found = await candidatesFor(words.slice(0, -1), partial, run.environment).catch(() => []);
  const fitting = [...new Set(found)].filter((one) => one.startsWith(partial) && isHarmless(one)).sort();
  run.terminal.out(fitting.map((one) => `${one}\n`).join(''));
  return 0;
}

async function candidatesFor(
  before: readonly string[],
  partial: string,
  environment: Environment,
): Promise<readonly string[]> {
  let choices: readonly Entry[] = await allCommands();
  const path: string[] = [];
  for (const [index, word] of before.entries()) {
    const entry = choices.find(({ name }) => name === word);
    if (entry === undefined) return [];
    path.push(word);
    if (!isGroup(entry)) return ofCommand(entry, path, before.slice(index + 1), partial, environment);
    choices = await entry.load();
  }
  return choices.map(({ name }) => name);
}

async function ofCommand(
  command: Command,
  path: readonly string[],
  given: readonly string[],
  partial: string,
  environment: Environment,
): Promise<readonly string[]> {
  const flags = flagsOf(command);
  if (partial.startsWith('-')) {
    const dashes = partial.startsWith('--') ? '--' : '-';
    return flags.flatMap(({ name, aliases = [], kind }) =>
      [name, ...aliases].map((one) => `${dashes}${one}${kind === 'boolean' ? '' : '='}`),
    );
  }
  if ((command.talksTo ?? 'server') !== 'server') return [];
  const parsed = parseFlags(given, flags);
  const clients = await connect(parsed.flags, impatient(environment));
  try {
    return await namesFor(path.join(' '), {
      words: parsed.positional,
      partial,
      flags: parsed.flags,
      client: clients.asking,
    });
  } finally {
    clients.close();
  }
}

/** Somebody waits at a prompt: one try, one second. */
function impatient(environment: Environment): Environment {
  const own = ['COFFER_', 'VAULT_', 'BAO_'].map((prefix) => [
    [`${prefix}CLIENT_TIMEOUT`, '1s'],
    [`${prefix}MAX_RETRIES`, '0'],
  ]);
  return { ...environment, ...Object.fromEntries(own.flat()) };
}

/** A stored name may hold anything; one that a shell would act on is not put on somebody's command line. */
function isHarmless(text: string): boolean {
  return /^[A-Za-z0-9._/@%+=:,-]+$/.test(text);
}

/** The words of an unfinished line; the last one is what is being typed, '' after a space. Quotes are taken off. */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (const character of line.replace(/^\s+/, '')) {
    if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") quote = character;
    else if (/\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
    } else word += character;
  }
  return [...words, word];
}
