import { suggest } from '../formats/nearest-word/index.ts';
import type { Command, Entry, Flag } from './command.ts';
import { isGroup } from './commands/index.ts';
import { connectionFlags, outputFlags } from './global-flags.ts';
import { wrapText } from './output/warnings.ts';

const lineWidth = 90;

const overviewOrder = ['start', 'login', 'status', 'kv', 'read', 'write', 'list', 'delete', 'patch'];

/** The answer to Vault's -autocomplete-install: a start-up file belongs to its user. */
export const completionAdvice = `Nothing was changed: the start-up file of your shell is yours to edit. Completion is one line in it:
  bash  source <(coffer completion bash)
  zsh   source <(coffer completion zsh)
  fish  coffer completion fish | source
`;

/** `coffer` and `coffer -help`. */
export function renderOverview(entries: readonly Entry[]): string {
  const common = overviewOrder.flatMap((name) => entries.filter((entry) => entry.name === name));
  const others = entries.filter((entry) => !overviewOrder.includes(entry.name));
  return [
    'Usage: coffer COMMAND [options] [arguments]\n',
    `\nEvery day\n${nameList(common)}`,
    `\nEverything else\n${nameList(others)}`,
    '\nA first secret\n',
    '  $ coffer start                                   # in another terminal\n',
    '  $ coffer kv put secret/ai/openai api-key=@key.txt\n',
    '  $ coffer kv get -field=api-key secret/ai/openai\n',
    '\n`coffer COMMAND -help` explains a command and shows examples.\n',
  ].join('');
}

/** A group's usage, such as `coffer kv`. */
export function renderGroup(path: readonly string[], entries: readonly Entry[]): string {
  const name = path.join(' ');
  return [
    `Usage: coffer ${name} SUBCOMMAND [options] [arguments]\n\nSubcommands\n`,
    nameList(entries),
    `\n\`coffer ${name} SUBCOMMAND -help\` explains one and shows examples.\n`,
  ].join('');
}

export async function renderUnknownCommand(
  path: readonly string[],
  wrong: string,
  choices: readonly Entry[],
): Promise<string> {
  const prefix = ['coffer', ...path].join(' ');
  const meant = suggest(
    wrong,
    choices.map((entry) => entry.name),
  );
  const hint = meant === undefined ? '' : `Did you mean \`${prefix} ${meant}\`?\n`;
  const usage = path.length === 0 ? renderOverview(choices) : renderGroup(path, choices);
  return `There is no command \`${prefix} ${wrong}\`.\n${hint}\n${usage}`;
}

/** One command's whole help. */
export function renderCommand(path: readonly string[], command: Command): string {
  const flags = command.flags ?? [];
  const form = outputFlags(command);
  const connection = (command.talksTo ?? 'server') === 'server' ? connectionFlags : [];
  return [
    `Usage: ${usageLine(path, command)}\n\n`,
    paragraph(command.summary),
    command.description === undefined ? '' : `\n${paragraph(command.description)}`,
    '\nExamples\n',
    ...command.examples.map((example) => `  ${example.says}\n    $ ${example.command}\n`),
    flagSection('Options', flags),
    flagSection('Result', form),
    flagSection('Connection', connection),
  ].join('');
}

export function usageLine(path: readonly string[], command: Command): string {
  const words = ['coffer', ...path, '[options]', ...(command.arguments ? [command.arguments] : [])];
  return words.join(' ');
}

/** `-flag=VALUE`, with every other name it has. */
export function flagTerm(flag: Flag): string {
  const names = [flag.name, ...(flag.aliases ?? [])].map((name) => `-${name}`).join(', ');
  return flag.kind === 'boolean' ? names : `${names}=${flag.value ?? placeholder(flag)}`;
}

function placeholder(flag: Flag): string {
  if (flag.kind === 'number') return 'NUMBER';
  if (flag.kind === 'duration') return 'DURATION';
  return flag.kind === 'map' ? 'KEY=VALUE' : 'TEXT';
}

function flagSection(title: string, flags: readonly Flag[]): string {
  if (flags.length === 0) return '';
  const rows = flags.map((flag) => {
    const standard = flag.default === undefined ? '' : ` Default: ${flag.default}.`;
    const text = wrapText(flag.summary + standard, lineWidth - 6).map((line) => `      ${line}\n`);
    return `  ${flagTerm(flag)}\n${text.join('')}`;
  });
  return `\n${title}\n${rows.join('')}`;
}

function nameList(entries: readonly Entry[]): string {
  const longest = Math.max(...entries.map((entry) => entry.name.length));
  return entries
    .map(
      (entry) => `  ${(entry.name + (isGroup(entry) ? ' …' : '')).padEnd(longest + 2)}  ${entry.summary}\n`,
    )
    .join('');
}

function paragraph(text: string): string {
  return wrapText(text, lineWidth)
    .map((line) => `${line}\n`)
    .join('');
}
