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

export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  named: () => silentLogger,
};
