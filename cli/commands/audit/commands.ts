import type { Entry } from '../../command.ts';

export const commands: readonly Entry[] = [
  {
    name: 'enable',
    summary:
      'Record every request with an audit device. Once one is enabled, nothing is served that none can record.',
    arguments: 'TYPE [K=V...]',
    arity: { min: 0 },
    flags: [
      { name: 'path', kind: 'text', value: 'PATH', summary: 'Name of the device.', default: 'its type' },
      { name: 'description', kind: 'text', value: 'TEXT', summary: 'What it is for, in words.' },
      { name: 'local', kind: 'boolean', summary: 'Do not replicate it to other clusters.' },
    ],
    examples: [
      { says: 'To a file:', command: 'coffer audit enable file file_path=/var/log/coffer/audit.log' },
      { says: 'To standard output:', command: 'coffer audit enable -path=stdout file file_path=stdout' },
    ],
    load: async () => (await import('./enable.ts')).enable,
  },
  {
    name: 'disable',
    summary: 'Stop recording with an audit device.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    examples: [{ says: 'The device file/:', command: 'coffer audit disable file' }],
    load: async () => (await import('./disable.ts')).disable,
  },
  {
    name: 'list',
    summary: 'List the audit devices.',
    arity: { min: 0, max: 0 },
    output: 'format',
    flags: [{ name: 'detailed', kind: 'boolean', summary: 'Show their options too.' }],
    examples: [{ says: 'With options:', command: 'coffer audit list -detailed' }],
    load: async () => (await import('./list.ts')).list,
  },
];
