import { invalidRequest } from '../../contracts/errors.ts';
import type { LogLevel, LogLevels } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';

/** Vault's words for levels → ours. */
const words: ReadonlyMap<string, LogLevel> = new Map([
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['notice', 'info'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['err', 'error'],
  ['error', 'error'],
]);

const level = {
  type: 'lower-string',
  description: 'trace, debug, info, warn or error',
  required: true,
} as const;

/** `sys/loggers`: the levels of this process's log, until it is restarted or told otherwise. */
export function loggerPaths(levels: LogLevels): PathDeclaration[] {
  return [
    definePath({
      pattern: 'loggers',
      rootOnly: true,
      fields: { level: { ...level, required: false } },
      operations: {
        read: {
          summary: 'Read the levels of all loggers',
          pure: true,
          handler: async () => ({
            data: Object.fromEntries(levels.names().map((name) => [name, levels.levelOf(name)])),
          }),
        },
        write: {
          summary: 'Set the level of all loggers',
          async handler({ fields }) {
            levels.setAll(parsed(fields.level));
            return undefined;
          },
        },
        delete: {
          summary: 'Set all loggers back to what the configuration says',
          async handler() {
            levels.resetAll();
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Levels of the server’s log.',
        description: 'They hold for this process until it ends, or until the configuration is read again.',
      },
    }),
    definePath({
      pattern: 'loggers/{name}',
      rootOnly: true,
      fields: {
        name: { type: 'string', description: 'Name of the logger', required: true },
        level: { ...level, required: false },
      },
      operations: {
        read: {
          summary: 'Read the level of a logger',
          pure: true,
          handler: async ({ fields }) => ({
            data: { [known(fields.name)]: levels.levelOf(fields.name) },
          }),
        },
        write: {
          summary: 'Set the level of a logger',
          async handler({ fields }) {
            const chosen = parsed(fields.level);
            levels.set(known(fields.name), chosen);
            return undefined;
          },
        },
        delete: {
          summary: 'Set a logger back to what the configuration says',
          async handler({ fields }) {
            levels.reset(known(fields.name));
            return undefined;
          },
        },
      },
      help: { synopsis: 'The level of one logger.', description: 'Names are as in sys/loggers.' },
    }),
  ];

  function known(name: string): string {
    if (!levels.names().includes(name))
      throw invalidRequest('logger not found', { hint: 'sys/loggers has their names.' });
    return name;
  }
}

function parsed(word: string | undefined): LogLevel {
  if (word === undefined || word === '') throw invalidRequest('level is required');
  const found = words.get(word);
  if (!found) throw invalidRequest('invalid level provided', { hint: 'trace, debug, info, warn or error.' });
  return found;
}
