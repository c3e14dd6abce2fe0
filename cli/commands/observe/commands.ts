import type { Command } from '../../command.ts';

const logFormat = {
  name: 'log-format',
  kind: 'text',
  value: 'FORMAT',
  summary: 'standard or json.',
  default: 'standard',
} as const;

/** What looks on at a running server. */
export const observeCommands: readonly Command[] = [
  {
    name: 'monitor',
    summary: "Print the server's log as it is written, until it is interrupted.",
    description: 'Needs sudo on sys/monitor. Lines that this end is too slow for are dropped, and counted.',
    arity: { min: 0, max: 0 },
    flags: [
      {
        name: 'log-level',
        kind: 'text',
        value: 'LEVEL',
        summary: "trace, debug, info, warn or error, whatever the level of the server's own log.",
        default: 'info',
      },
      logFormat,
    ],
    examples: [{ says: 'In detail:', command: 'coffer monitor -log-level=debug' }],
    load: async () => (await import('./monitor.ts')).monitor,
  },
  {
    name: 'debug',
    summary: 'Look at a server for a while and put what was seen into a bundle, without secrets.',
    description:
      'Collects what the token may see; what it may not is noted in index.json. Interrupted, it keeps what it has. Nothing of the store is in the bundle: settings are those of sys/config/state/sanitized, and tokens are taken out wherever they stand.',
    arity: { min: 0, max: 0 },
    flags: [
      { name: 'duration', kind: 'duration', summary: 'How long.', default: '2m' },
      { name: 'interval', kind: 'duration', summary: 'How often to look; 1s or more.', default: '30s' },
      {
        name: 'metrics-interval',
        kind: 'duration',
        summary: 'How often to look at metrics; 1s or more.',
        default: '10s',
      },
      {
        name: 'target',
        kind: 'list',
        value: 'NAME',
        summary: 'config, host, log, metrics, requests or server-status; may be repeated.',
        default: 'all of them',
      },
      {
        name: 'output',
        kind: 'text',
        value: 'PATH',
        summary: 'Where the bundle goes; it must not be there yet.',
        default: 'coffer-debug-TIME in this folder',
      },
      {
        name: 'compress',
        kind: 'boolean',
        summary: 'One .tar.gz file; with -compress=false a folder.',
        default: 'true',
      },
      logFormat,
    ],
    examples: [
      { says: 'Two minutes:', command: 'coffer debug' },
      {
        says: 'One look at state and metrics, as a folder:',
        command:
          'coffer debug -duration=1s -interval=1s -target=server-status -target=metrics -compress=false -output=bundle',
      },
    ],
    load: async () => (await import('./debug.ts')).debug,
  },
];
