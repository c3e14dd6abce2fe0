import type { Entry, Flag } from '../../command.ts';
import { enableFlags, mountFlags, tokenTypeFlag } from '../secrets/mount-flags.ts';
import { authMethods } from '../secrets/mount-kind.ts';

const lockoutFlags: readonly Flag[] = [
  {
    name: 'user-lockout-threshold',
    kind: 'number',
    summary: 'Failed logins after which a user is locked out.',
  },
  { name: 'user-lockout-duration', kind: 'duration', summary: 'How long a user stays locked out.' },
  {
    name: 'user-lockout-counter-reset-duration',
    kind: 'duration',
    summary: 'Time without a failed login after which the count begins again.',
  },
  { name: 'user-lockout-disable', kind: 'boolean', summary: 'Never lock users out.' },
];

export const commands: readonly Entry[] = [
  {
    name: 'enable',
    summary: 'Mount an auth method.',
    arguments: 'TYPE',
    arity: { min: 1, max: 1 },
    flags: [...enableFlags, tokenTypeFlag, ...mountFlags],
    examples: [
      { says: 'Logins of Kubernetes service accounts:', command: 'coffer auth enable kubernetes' },
      { says: 'At a path of its own:', command: 'coffer auth enable -path=staff userpass' },
    ],
    load: async () => {
      const { enableMount } = await import('../secrets/mount-kind.ts');
      return (run) => enableMount(run, authMethods);
    },
  },
  {
    name: 'disable',
    summary: 'Unmount an auth method: revokes every token that it gave.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    examples: [{ says: 'The method at userpass/:', command: 'coffer auth disable userpass' }],
    load: async () => {
      const { disableMount } = await import('../secrets/mount-kind.ts');
      return (run) => disableMount(run, authMethods);
    },
  },
  {
    name: 'list',
    summary: 'List the auth methods and where they are mounted.',
    arity: { min: 0, max: 0 },
    output: 'format',
    flags: [{ name: 'detailed', kind: 'boolean', summary: 'Show their settings too.' }],
    examples: [{ says: 'In short:', command: 'coffer auth list' }],
    load: async () => {
      const { listMounts } = await import('../secrets/list-mounts.ts');
      return (run) => listMounts(run, authMethods);
    },
  },
  {
    name: 'tune',
    summary: 'Change the settings of a mounted auth method.',
    arguments: 'PATH',
    arity: { min: 1, max: 1 },
    flags: [tokenTypeFlag, ...lockoutFlags, ...mountFlags],
    examples: [{ says: 'Tokens of an hour:', command: 'coffer auth tune -default-lease-ttl=1h userpass' }],
    load: async () => (await import('./tune.ts')).tune,
  },
  {
    name: 'move',
    summary: 'Move an auth method to another path; the tokens that it gave are revoked.',
    arguments: 'SOURCE DESTINATION',
    arity: { min: 2, max: 2 },
    examples: [{ says: 'From userpass/ to staff/:', command: 'coffer auth move auth/userpass auth/staff' }],
    load: async () => {
      const { moveMount } = await import('../secrets/mount-kind.ts');
      return (run) => moveMount(run, authMethods);
    },
  },
  {
    name: 'help',
    summary: 'Say how to log in with an auth method, by its type or by where it is mounted.',
    arguments: 'TYPE | PATH',
    arity: { min: 1, max: 1 },
    examples: [{ says: 'By type:', command: 'coffer auth help userpass' }],
    load: async () => (await import('./help.ts')).authHelp,
  },
];
