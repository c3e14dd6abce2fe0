import type { ParsedArguments } from './arguments/parse-flags.ts';
import { HelpRequested, parseFlags, UnknownFlag } from './arguments/parse-flags.ts';
import type { Command, Entry } from './command.ts';
import { allCommands, groups, isGroup } from './commands/index.ts';
import { type Clients, connect } from './connection/connect.ts';
import { Failure, PrintInstead } from './failure.ts';
import { flagsOf } from './global-flags.ts';
import { inOurName } from './program-name.ts';
import { asFailure, RefusedByServer, type Run } from './run.ts';
import { type Environment, fromEnvironment, readFormat } from './settings.ts';
import { type Terminal, withoutControls } from './terminal.ts';

/** Starts the server: given by the entry point, since the command line knows the server only by its API. */
export type RunServer = (argv: string[], environment: Environment) => Promise<number>;

export interface CommandLine {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly terminal: Terminal;
  readonly runServer: RunServer;
}

/** Runs one command and returns its exit code: 1 for local mistakes, 2 for what the server refused, 127 for no such command. */
export async function runCommandLine(line: CommandLine): Promise<number> {
  const argv = splitFirstWord(line.argv);
  const first = argv[0];
  if (first === 'start' || first === 'server') return line.runServer([...argv], line.environment);
  if (first === 'operator' && ['check', 'validate-config'].includes(argv[1] ?? ''))
    return line.runServer(argv.slice(1), line.environment);
  if (first === undefined || first.startsWith('-') || first === 'help') return topLevel(line, argv);
  const found = await find(argv, groups.some((group) => group.name === first) ? groups : await allCommands());
  if (found.entry === undefined || isGroup(found.entry)) return unknownCommand(line, argv, found);
  return runCommand(line, found.entry, found.path, argv.slice(found.path.length));
}

/** `secrets:create` is `secrets create`. Only `secrets:list` is not Vault's `secrets list`, which lists engines. */
function splitFirstWord(argv: readonly string[]): readonly string[] {
  const first = argv[0] ?? '';
  if (first === 'secrets:list') return ['secrets', 'search', ...argv.slice(1)];
  return /^[a-z]+(?:-[a-z]+)*(?::[a-z]+(?:-[a-z]+)*)+$/.test(first)
    ? [...first.split(':'), ...argv.slice(1)]
    : argv;
}

function isHelpFlag(token: string): boolean {
  return token === '-h' || token === '-help' || token === '--help';
}

interface Found {
  /** Undefined when the word after `path` is no command. */
  readonly entry: Entry | undefined;
  readonly path: readonly string[];
  /** What could have followed `path`. */
  readonly choices: readonly Entry[];
}

async function find(argv: readonly string[], top: readonly Entry[]): Promise<Found> {
  let choices = top;
  const path: string[] = [];
  for (const word of argv) {
    const entry = choices.find((one) => one.name === word);
    if (entry === undefined) return { entry, path, choices };
    path.push(word);
    if (!isGroup(entry)) return { entry, path, choices };
    choices = await entry.load();
  }
  return { entry: undefined, path, choices };
}

async function topLevel(line: CommandLine, argv: readonly string[]): Promise<number> {
  const first = argv[0] ?? '';
  if (['-v', '-version', '--version'].includes(first)) return runNamed(line, 'version', argv.slice(1));
  if (/^--?autocomplete-(un)?install$/.test(first)) {
    const { completionAdvice } = await import('./help.ts');
    line.terminal.err(inOurName(line.environment, completionAdvice));
    return 1;
  }
  const { renderOverview } = await import('./help.ts');
  if (isHelpFlag(first) || (first === 'help' && argv.length === 1)) {
    line.terminal.out(inOurName(line.environment, renderOverview(await allCommands())));
    return 0;
  }
  if (first === 'help') return runCommandLine({ ...line, argv: [...argv.slice(1), '-help'] });
  if (first !== '') line.terminal.err(`There is no option ${first.replace(/=.*/, '')} before a command.\n\n`);
  line.terminal.err(inOurName(line.environment, renderOverview(await allCommands())));
  return 127;
}

async function runNamed(line: CommandLine, name: string, rest: readonly string[]): Promise<number> {
  return runCommandLine({ ...line, argv: [name, ...rest] });
}

async function unknownCommand(line: CommandLine, argv: readonly string[], found: Found): Promise<number> {
  const { renderGroup, renderUnknownCommand } = await import('./help.ts');
  const wrong = argv[found.path.length];
  if (wrong !== undefined && !isHelpFlag(wrong)) {
    line.terminal.err(
      inOurName(line.environment, await renderUnknownCommand(found.path, wrong, found.choices)),
    );
    return found.path.length === 0 ? 127 : 1;
  }
  const usage = inOurName(line.environment, renderGroup(found.path, found.choices));
  if (wrong === undefined) line.terminal.err(usage);
  else line.terminal.out(usage);
  return wrong === undefined ? 1 : 0;
}

async function runCommand(
  line: CommandLine,
  command: Command,
  path: readonly string[],
  rest: readonly string[],
): Promise<number> {
  let clients: Clients | undefined;
  const open: { run?: Run } = {};
  try {
    const parsed = parseFlags(rest, flagsOf(command));
    const run = makeRun(line, command, parsed, rest, async () => {
      clients ??= await connect(parsed.flags, line.environment);
      return clients;
    });
    open.run = run;
    checkArity(command, parsed);
    const handler = await command.load();
    return await handler(run);
  } catch (error) {
    return await report(line, command, path, asFailure('', error), open.run);
  } finally {
    clients?.close();
  }
}

function makeRun(
  line: CommandLine,
  command: Command,
  parsed: ParsedArguments,
  rest: readonly string[],
  clients: () => Promise<Clients>,
): Run {
  const output = command.output ?? 'none';
  const format = output === 'none' ? 'table' : readFormat(parsed.flags, line.environment);
  if (format === 'raw' && output !== 'raw')
    throw new Failure(1, 'This command does not support the -format=raw option.');
  if (format === 'pretty') throw new Failure(1, 'This command does not support the -format=pretty option.');
  return {
    flags: parsed.flags,
    words: parsed.positional,
    rawArguments: rest,
    environment: line.environment,
    terminal: line.terminal,
    format,
    field: () => (parsed.flags.has('field') ? parsed.flags.text('field') || undefined : undefined),
    clients,
    paint: (tone, text) => paint(line, tone, text),
  };
}

const colours = { error: '\x1b[91m', warning: '\x1b[93m', note: '\x1b[0m' };

function paint(line: CommandLine, tone: keyof typeof colours, text: string): string {
  const off = ['COFFER_CLI_NO_COLOR', 'VAULT_CLI_NO_COLOR', 'BAO_CLI_NO_COLOR', 'NO_COLOR'];
  const plain = !line.terminal.errIsTerminal || off.some((name) => line.environment[name]);
  if (plain || line.environment['TERM'] === 'dumb' || text === '') return text;
  return text.replace(
    /^([\s\S]*?)(\n*)$/,
    (_all, body: string, end: string) => `${colours[tone]}${withoutControls(body)}\x1b[0m${end}`,
  );
}

function checkArity(command: Command, parsed: ParsedArguments): void {
  const count = parsed.positional.length;
  const { min, max } = command.arity;
  const expected = command.arity.expected ?? (max === min || max === undefined ? `${min}` : `${min}-${max}`);
  if (count < min) throw new Failure(1, `Not enough arguments (expected ${expected}, got ${count})`);
  if (max !== undefined && count > max)
    throw new Failure(1, `Too many arguments (expected ${expected}, got ${count})`);
}

async function report(
  line: CommandLine,
  command: Command,
  path: readonly string[],
  error: unknown,
  run: Run | undefined,
): Promise<number> {
  if (error instanceof PrintInstead) {
    line.terminal.out(error.output);
    return 0;
  }
  if (error instanceof HelpRequested) {
    const { renderCommand } = await import('./help.ts');
    line.terminal.out(inOurName(line.environment, renderCommand(path, command)));
    return 0;
  }
  if (!(error instanceof Failure)) return reportDefect(line, error);
  line.terminal.err(paint(line, 'error', `${error.message}\n`));
  if (error instanceof RefusedByServer && run !== undefined) {
    const { printWarnings } = await import('./output/print.ts');
    await printWarnings(run, error.cause.secret);
  }
  const hint = await hintFor(error, path);
  if (hint !== undefined) line.terminal.err(`${inOurName(line.environment, hint)}\n`);
  return error.exitCode;
}

/** Neither the user's mistake nor the server's no: a defect of this program, which says so instead of showing a stack. */
function reportDefect(line: CommandLine, error: unknown): number {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'an unknown error';
  line.terminal.err(paint(line, 'error', `Coffer failed unexpectedly: ${reason}\n`));
  const debug = fromEnvironment(line.environment, 'LOG_LEVEL') === 'debug';
  line.terminal.err(
    debug && error instanceof Error
      ? `${error.stack}\n`
      : 'This is a defect. COFFER_LOG_LEVEL=debug shows where it happened, for a report.\n',
  );
  return 1;
}

async function hintFor(error: Failure, path: readonly string[]): Promise<string | undefined> {
  if (!(error instanceof UnknownFlag)) return error.hint;
  const suggestion = await error.suggestion();
  const help = `\`coffer ${path.join(' ')} -help\` lists the options.`;
  return suggestion === undefined ? help : `Did you mean -${suggestion}? ${help}`;
}
