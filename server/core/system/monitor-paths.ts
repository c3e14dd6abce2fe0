import { invalidRequest } from '../../contracts/errors.ts';
import type { LogFeed, LogLevel } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { LiveStream, LiveStreams } from '../streams/live-streams.ts';

const levels: ReadonlyMap<string, LogLevel> = new Map([
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['err', 'error'],
  ['error', 'error'],
]);
const mostWaitingBytes = 1024 * 1024;

/** `sys/monitor`: the server's log as it is written. Lines that a reader is too slow for are dropped, and counted for it. */
export function monitorPaths(feed: LogFeed, streams: LiveStreams): PathDeclaration[] {
  return [
    definePath({
      pattern: 'monitor',
      access: 'sudo',
      rootOnly: true,
      fields: {
        log_level: {
          type: 'lower-string',
          query: true,
          default: 'info',
          description: 'trace, debug, info, warn or error, whatever the level of the server’s own log',
        },
        log_format: {
          type: 'lower-string',
          query: true,
          default: 'standard',
          description: 'standard or json',
        },
      },
      help: {
        synopsis: 'The server’s log as it is written.',
        description: 'A stream of lines that goes on until either side ends it. Ends with the token.',
      },
      operations: {
        read: {
          summary: 'Follow the server’s log',
          async handler({ fields, origin }): Promise<Reply> {
            const level = levels.get(fields.log_level);
            if (!level)
              throw invalidRequest('unknown log level', { hint: 'trace, debug, info, warn or error.' });
            const format = fields.log_format;
            if (format !== 'standard' && format !== 'json')
              throw invalidRequest('unknown log format', { hint: 'standard or json.' });
            if (origin.wrapTtlSeconds) throw invalidRequest('a stream cannot be wrapped');
            const token = origin.token ?? '';
            streams.checkRoom(token);
            const admission = {
              token,
              remoteAddress: origin.remoteAddress,
              request: { operation: 'read', path: 'sys/monitor', sudo: true },
            } as const;
            return {
              stream: {
                kind: 'text',
                start(sink) {
                  let stopFollowing = (): void => {};
                  const stream = streams.open(sink, admission, () => stopFollowing());
                  if (!stream) return () => {};
                  stopFollowing = feed.follow({ level, format, write: droppingLines(stream) });
                  return () => stream.gone();
                },
              },
            };
          },
        },
      },
    }),
  ];
}

function droppingLines(stream: LiveStream): (line: string) => void {
  let dropped = 0;
  return (line) => {
    if (stream.waitingBytes > mostWaitingBytes) {
      dropped++;
      return;
    }
    if (dropped > 0) stream.send(`... ${dropped} lines were dropped: the reader is too slow\n`);
    dropped = 0;
    stream.send(line);
  };
}
