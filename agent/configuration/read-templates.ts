import fs from 'node:fs';
import os from 'node:os';
import type { HclBlock } from '../../formats/hcl/index.ts';
import type {
  CommandSettings,
  EnvTemplateSettings,
  ExecSettings,
  TemplateSettings,
  TemplateText,
} from './configuration.ts';
import { needed, permissions, seconds } from './read-methods.ts';

const textKeys = ['source', 'contents', 'left_delimiter', 'right_delimiter', 'error_on_missing_key'];
const fileKeys = [
  ...['destination', 'create_dest_dirs', 'perms', 'user', 'group', 'backup'],
  ...['command', 'command_timeout', 'exec', 'wait'],
];

/** Reads a `template` block. Throws `HclError`. */
export function readTemplate(block: HclBlock): TemplateSettings {
  block.refuseUnknown([...textKeys, ...fileKeys]);
  const destination = needed(block, 'destination');
  const wait = block.block('wait');
  const settings: TemplateSettings = {
    ...readText(block, destination),
    destination,
    createsFolders: block.boolean('create_dest_dirs') ?? true,
    mode: permissions(block, 'perms'),
    user: block.string('user') || undefined,
    group: block.string('group') || undefined,
    keepsBackup: block.boolean('backup') ?? false,
    command: readCommand(block),
    wait: wait && readWait(wait),
  };
  block.refuseUnread();
  return settings;
}

/** Reads an `env_template "NAME"` block. */
export function readEnvTemplate(block: HclBlock): EnvTemplateSettings {
  block.refuseUnknown(textKeys);
  const variable = block.labels[0] ?? '';
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
    throw block.error('env_template needs the name of a variable', block.at);
  const settings = { ...readText(block, variable), variable };
  block.refuseUnread();
  return settings;
}

/** Reads an `exec` block at the top. */
export function readExec(block: HclBlock): ExecSettings {
  const command = block.stringList('command') ?? [];
  if (command.length === 0) throw block.error('exec needs a command', block.at);
  const restarts = block.string('restart_on_secret_changes') ?? 'always';
  if (restarts !== 'always' && restarts !== 'never')
    throw block.error('"restart_on_secret_changes" must be "always" or "never"', block.at);
  const stopSignal = signalNamed(block.string('restart_stop_signal') ?? 'SIGTERM');
  if (!stopSignal) throw block.error('"restart_stop_signal" is no signal', block.at);
  const killTimeoutSeconds = seconds(block, 'restart_kill_timeout') ?? 30;
  block.refuseUnread();
  return { command, restartsOnChange: restarts === 'always', stopSignal, killTimeoutSeconds };
}

function signalNamed(name: string): NodeJS.Signals | undefined {
  const known: string[] = Object.keys(os.constants.signals);
  return known.includes(name) ? Object.entries(signals).find(([key]) => key === name)?.[1] : undefined;
}

const signals: Readonly<Record<string, NodeJS.Signals>> = {
  SIGTERM: 'SIGTERM',
  SIGINT: 'SIGINT',
  SIGHUP: 'SIGHUP',
  SIGQUIT: 'SIGQUIT',
  SIGUSR1: 'SIGUSR1',
  SIGUSR2: 'SIGUSR2',
  SIGKILL: 'SIGKILL',
};

function readText(block: HclBlock, name: string): TemplateText {
  const source = block.string('source');
  const contents = block.string('contents');
  if ((source === undefined) === (contents === undefined))
    throw block.error(`${block.name} needs either "source" or "contents"`, block.at);
  return {
    name,
    text: contents ?? readSource(block, source ?? ''),
    leftDelimiter: block.string('left_delimiter') || '{{',
    rightDelimiter: block.string('right_delimiter') || '}}',
    missingKeyIsError: block.boolean('error_on_missing_key') ?? false,
  };
}

function readSource(block: HclBlock, path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw block.error(`cannot read the template ${path}: ${code}`, block.items('source')[0]?.value.at);
  }
}

function readCommand(block: HclBlock): CommandSettings | undefined {
  const exec = block.block('exec');
  const line = block.string('command');
  const timeout = seconds(block, 'command_timeout');
  if (line && exec) throw block.error('a template has either "command" or "exec"', block.at);
  if (line) return { command: ['/bin/sh', '-c', line], timeoutSeconds: timeout ?? 30 };
  if (!exec) return undefined;
  const command =
    exec.value('command')?.kind === 'string'
      ? ['/bin/sh', '-c', exec.string('command') ?? '']
      : exec.stringList('command');
  const timeoutSeconds = seconds(exec, 'timeout') ?? timeout ?? 30;
  exec.refuseUnread();
  if (!command || command.length === 0) throw exec.error('exec needs a command', exec.at);
  return { command, timeoutSeconds };
}

function readWait(block: HclBlock): { minSeconds: number; maxSeconds: number } {
  const minSeconds = seconds(block, 'min') ?? 0;
  const maxSeconds = seconds(block, 'max') ?? minSeconds * 4;
  block.refuseUnread();
  if (maxSeconds < minSeconds) throw block.error('"max" is less than "min" in wait', block.at);
  return { minSeconds, maxSeconds };
}
