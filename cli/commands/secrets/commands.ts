import type { Entry } from '../../command.ts';
import { enableFlags, mountFlags } from './mount-flags.ts';
import { secretsEngines } from './mount-kind.ts';

const versionFlag = {
  name: 'version',
  kind: 'number',
  summary: 'Version of the engine, such as 2 for kv.',
} as const;

export const commands: readonly Entry[] = [
  {
    name: 'enable',
    summary: 'Mount a secrets engine at a path.',
    arguments: 'TYPE',
    arity: { min: 1, max: 1 },
    flags: [...enableFlags, versionFlag, ...mountFlags],
    examples: [
      {
        says: 'A key-value store with versions at secret/:',
        command: 'coffer secrets enable -path=secret kv-v2',
      },
      { says: 'Database credentials:', command: 'coffer secrets enable database' },
    ],
    load: async () => {
      const { enableMount } = await import('./mount-kind.ts');
      return (run) => enableMount(run, secretsEngines);
    },
  },
  {
    name: 'disable',
    summary: 'Unmount a secrets engine: revokes its leases and deletes all of its data.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    examples: [{ says: 'The engine at secret-old/:', command: 'coffer secrets disable secret-old' }],
    load: async () => {
      const { disableMount } = await import('./mount-kind.ts');
      return (run) => disableMount(run, secretsEngines);
    },
  },
  {
    name: 'list',
    summary: 'List the secrets engines and where they are mounted.',
    arity: { min: 0, max: 0 },
    output: 'format',
    flags: [{ name: 'detailed', kind: 'boolean', summary: 'Show their settings too.' }],
    examples: [
      { says: 'In short:', command: 'coffer secrets list' },
      { says: 'With settings:', command: 'coffer secrets list -detailed' },
    ],
    load: async () => {
      const { listMounts } = await import('./list-mounts.ts');
      return (run) => listMounts(run, secretsEngines);
    },
  },
  {
    name: 'tune',
    summary: 'Change the settings of a mounted secrets engine.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    flags: [versionFlag, ...mountFlags],
    examples: [
      { says: 'Leases of at most a day:', command: 'coffer secrets tune -max-lease-ttl=24h database' },
    ],
    load: async () => {
      const { tuneMount } = await import('./mount-kind.ts');
      return (run) => tuneMount(run, secretsEngines);
    },
  },
  {
    name: 'move',
    summary: 'Move a secrets engine to another path; its leases are revoked, its data moves along.',
    arguments: 'SOURCE DESTINATION',
    arity: { min: 2, max: 2 },
    examples: [{ says: 'From secret/ to kv/:', command: 'coffer secrets move secret kv' }],
    load: async () => {
      const { moveMount } = await import('./mount-kind.ts');
      return (run) => moveMount(run, secretsEngines);
    },
  },
];
