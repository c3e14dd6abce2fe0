import type { AuditDevicePlugin } from '../../contracts/audit-device.ts';
import { openFileSink } from './file-sink.ts';

/** Audit entries appended to a file, written to standard output, or thrown away, as Vault's `file` device does. */
export const plugin: AuditDevicePlugin = {
  type: 'file',
  options: {
    file_path: {
      description: 'Where to write: an absolute path, `stdout`, or `discard`.',
      required: true,
    },
    path: { description: 'An older name of `file_path`.' },
    mode: {
      description: 'Octal permissions of the file. `0000` leaves those of an existing file. Default 0600.',
    },
  },
  open: openFileSink,
};
