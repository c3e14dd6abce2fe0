import assert from 'node:assert/strict';

export interface SyslogMessage {
  readonly priority: number;
  readonly time: string;
  readonly hostName: string;
  readonly tag: string;
  readonly processId: string;
  readonly messageId: string;
  readonly entry: string;
}

/** Reads one message of RFC 5424; fails the test when it is none. */
export function parseMessage(text: string): SyslogMessage {
  const header = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) - /.exec(text.slice(0, 1000));
  assert.ok(header, `no syslog message: ${text.slice(0, 200)}`);
  const [all, priority, time = '', hostName = '', tag = '', processId = '', messageId = ''] = header;
  const entry = text.slice(all.length);
  return { priority: Number(priority), time, hostName, tag, processId, messageId, entry };
}

/** The messages of one connection on which octets are counted. A count that is cut short ends it. */
export function countedMessages(stream: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < stream.length; ) {
    const space = stream.indexOf(' ', at);
    const count = stream.toString('latin1', at, space);
    assert.match(count, /^[1-9]\d*$/);
    const end = space + 1 + Number(count);
    if (end > stream.length) break;
    messages.push(stream.toString('utf8', space + 1, end));
    at = end;
  }
  return messages;
}

/** The entries of counted messages, as the lines that they were before. */
export function entriesOf(connections: readonly Buffer[]): string {
  return connections
    .flatMap(countedMessages)
    .map((message) => `${parseMessage(message).entry}\n`)
    .join('');
}
