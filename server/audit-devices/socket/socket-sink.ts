import type { AuditSink, AuditSinkContext } from '../../contracts/audit-device.ts';
import { type Framing, openConnectedSink } from '../connected-sink.ts';
import { type Destination, parseDestination, parseWriteTimeoutMs } from '../destination.ts';
import { splitLines } from '../split-lines.ts';

/** Lines as they are, with a newline before the first after a break so that a half line cannot swallow it. */
const streamFraming: Framing = { messages: (lines) => [lines], afterBreak: Uint8Array.of(0x0a) };
/** One datagram an entry, its newline included, as Vault sends it. */
const datagramFraming: Framing = { messages: splitLines };

/** Opens the device that `options` describe; throws an `Error` for the operator when it cannot. */
export function openSocketSink(
  options: Readonly<Record<string, string>>,
  context: AuditSinkContext,
): Promise<AuditSink> {
  return Promise.try(() => {
    const destination = destinationOf(options);
    return openConnectedSink({
      destination,
      framing: destination.transport === 'udp' ? datagramFraming : streamFraming,
      writeTimeoutMs: parseWriteTimeoutMs(options['write_timeout']),
      clock: context.clock,
    });
  });
}

function destinationOf(options: Readonly<Record<string, string>>): Destination {
  const address = options['address'];
  if (!address) throw new Error('address is required');
  return parseDestination(address, (options['socket_type'] || 'tcp').toLowerCase());
}
