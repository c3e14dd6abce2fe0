import type { Clock } from '../../contracts/clock.ts';
import type { LogFeed, LogFields, LogFollower, Logger, LogLevel, LogLevels } from '../../contracts/logger.ts';
import type { LogOutput } from './log-file.ts';
import { jsonLogLine, standardLogLine } from './log-line.ts';

export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

export interface LoggerSettings {
  readonly level: LogLevel;
  readonly format: 'standard' | 'json';
  readonly clock: Clock;
  readonly outputs: readonly LogOutput[];
}

/** The server's log and what only start-up may do with it. */
export interface ServerLog {
  readonly logger: Logger;
  level(): LogLevel;
  /** In force at once, for every logger made from this one. */
  setLevel(level: LogLevel): void;
  /** The levels of single loggers, which `setLevel` sets back. */
  readonly levels: LogLevels;
  readonly feed: LogFeed;
  reopen(): void;
  close(): void;
}

/** Makes the server's log. Values are escaped and bounded in length, so that no name can forge a line. */
export function createServerLog(settings: LoggerSettings): ServerLog {
  let least = logLevels.indexOf(settings.level);
  const names = new Set<string>();
  const own = new Map<string, number>();
  let all: number | undefined;
  const leastOf = (name: string): number => (own.size > 0 ? own.get(name) : undefined) ?? all ?? least;
  const format = settings.format === 'json' ? jsonLogLine : standardLogLine;
  const followers = new Set<LogFollower>();
  const log = (name: string, level: LogLevel, message: string, fields: LogFields | undefined): void => {
    const isKept = logLevels.indexOf(level) >= leastOf(name);
    if (!isKept && followers.size === 0) return;
    const entry = { timeMs: settings.clock.now(), level, name, message, fields };
    if (isKept) {
      const line = format(entry);
      for (const output of settings.outputs) output.write(line);
    }
    for (const follower of followers) {
      if (logLevels.indexOf(level) < logLevels.indexOf(follower.level)) continue;
      follower.write(follower.format === 'json' ? jsonLogLine(entry) : standardLogLine(entry));
    }
  };
  return {
    logger: new NamedLogger('', log, names),
    level: () => logLevels[least] ?? 'info',
    setLevel: (level) => {
      least = logLevels.indexOf(level);
      all = undefined;
      own.clear();
    },
    levels: {
      names: () => [...names].sort(),
      levelOf: (name) => logLevels[leastOf(name)] ?? 'info',
      set: (name, level) => void own.set(name, logLevels.indexOf(level)),
      setAll: (level) => {
        own.clear();
        all = logLevels.indexOf(level);
      },
      reset: (name) => void own.set(name, least),
      resetAll: () => {
        own.clear();
        all = undefined;
      },
    },
    feed: {
      follow(follower) {
        followers.add(follower);
        return () => void followers.delete(follower);
      },
    },
    reopen: () => settings.outputs.forEach((output) => void output.reopen()),
    close: () => settings.outputs.forEach((output) => void output.close()),
  };
}

type Log = (name: string, level: LogLevel, message: string, fields: LogFields | undefined) => void;

class NamedLogger implements Logger {
  readonly #name: string;
  readonly #log: Log;
  readonly #names: Set<string>;

  constructor(name: string, log: Log, names: Set<string>) {
    this.#name = name;
    this.#log = log;
    this.#names = names;
    if (name !== '') names.add(name);
  }

  trace(message: string, fields?: LogFields): void {
    this.#log(this.#name, 'trace', message, fields);
  }
  debug(message: string, fields?: LogFields): void {
    this.#log(this.#name, 'debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#log(this.#name, 'info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#log(this.#name, 'warn', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#log(this.#name, 'error', message, fields);
  }
  /** Names nest with a dot: `named('core').named('audit')` is `core.audit`. */
  named(name: string): Logger {
    return new NamedLogger(this.#name === '' ? name : `${this.#name}.${name}`, this.#log, this.#names);
  }
}
