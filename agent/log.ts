export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** Undefined for a word that is no level. */
export function readLogLevel(text: string): LogLevel | undefined {
  const word = text.toLowerCase();
  return levels.find((level) => level === word || (level === 'warn' && word === 'warning'));
}

/** Lines for people. What is logged is sentences, paths and statuses; a value, a token or an id never. */
export class AgentLog {
  level: LogLevel;
  readonly #write: (text: string) => void;

  constructor(level: LogLevel, write: (text: string) => void) {
    this.level = level;
    this.#write = write;
  }

  debug(message: string): void {
    this.#line('debug', message);
  }
  info(message: string): void {
    this.#line('info', message);
  }
  warn(message: string): void {
    this.#line('warn', message);
  }
  error(message: string): void {
    this.#line('error', message);
  }

  #line(level: LogLevel, message: string): void {
    if (levels.indexOf(level) < levels.indexOf(this.level)) return;
    const name = `[${level.toUpperCase()}]`.padEnd(7);
    // One line each, whatever a server's sentence holds.
    this.#write(
      `${new Date().toISOString()} ${name} agent: ${message.replaceAll(/[\x00-\x1f\x7f]+/g, ' ')}\n`,
    );
  }
}
