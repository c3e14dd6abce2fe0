import type { AuditDevicePlugin } from '../../contracts/audit-device.ts';
import { openSyslogSink } from './syslog-sink.ts';

/** Audit entries as RFC 5424 messages to a syslog receiver, as Vault's `syslog` device sends them. */
export const plugin: AuditDevicePlugin = {
  type: 'syslog',
  options: {
    facility: { description: 'The facility of the messages: `AUTH`, `AUTHPRIV`, `LOCAL0` … Default `AUTH`.' },
    tag: { description: 'The name of the program in the messages. Default `coffer`.' },
    address: {
      description:
        'The receiver: `host:port`, `[IPv6]:port`, or the absolute path of a unix stream socket. ' +
        'Default: the daemon of this machine, when it listens on a stream socket.',
    },
    socket_type: {
      description:
        '`tcp`, `udp`, `unix`, or `tcp4`, `tcp6`, `udp4`, `udp6`. Default `unix` for a path, else `tcp`.',
    },
    framing: {
      description:
        'How messages are told apart on a stream: `octet-counting` (default over tcp) or `newline` (default over unix).',
    },
    write_timeout: {
      description:
        'How long connecting and writing may take together before the write counts as failed; 1ms to 1m. Default 2s.',
    },
  },
  open: (options, context) => openSyslogSink(options, context),
};
