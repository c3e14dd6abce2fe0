import type { AuditDevicePlugin } from '../../contracts/audit-device.ts';
import { openSocketSink } from './socket-sink.ts';

/** Audit entries sent to a TCP, UDP or unix socket, as Vault's `socket` device does. */
export const plugin: AuditDevicePlugin = {
  type: 'socket',
  options: {
    address: {
      description: 'Where to send: `host:port`, `[IPv6]:port`, or for a unix socket its absolute path.',
      required: true,
    },
    socket_type: {
      description: '`tcp`, `udp`, `unix`, or `tcp4`, `tcp6`, `udp4`, `udp6`. Default `tcp`.',
    },
    write_timeout: {
      description:
        'How long connecting and writing may take together before the write counts as failed; 1ms to 1m. Default 2s.',
    },
  },
  open: openSocketSink,
};
