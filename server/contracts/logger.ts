export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Facts that go with a message: names, counts, codes. Never a secret, a token or a request body. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The server's own log (not the audit log). */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose messages carry `name`, as Vault's do (`core`, `storage.sqlite`, `secrets.kv`). */
  named(name: string): Logger;
}

/** What a running log writes, for those who look on. */
export interface LogFeed {
  /** `write` gets every line of `level` and above from now on, whatever the log's own level, and must not log. The result ends it. */
  follow(follower: LogFollower): () => void;
}

export interface LogFollower {
  readonly level: LogLevel;
  readonly format: 'standard' | 'json';
  write(line: string): void;
}

/** The levels of a running log, by the names of its loggers. Lasts as long as the process. */
export interface LogLevels {
  /** Every logger made so far, sorted. */
  names(): readonly string[];
  levelOf(name: string): LogLevel;
  set(name: string, level: LogLevel): void;
  setAll(level: LogLevel): void;
  /** Back to the level of the configuration. */
  reset(name: string): void;
  resetAll(): void;
}

export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  named: () => silentLogger,
};
