import type { Command, Flag, Handler } from '../../command.ts';
import { jsonFlag, workspaceFlag } from './workspace.ts';

const types = 'api-token, database-credentials, service-credentials, generic, json or file';
const versionFlag: Flag = {
  name: 'version',
  kind: 'number',
  value: 'N',
  summary: 'A version other than the usual.',
};
const tagsFlag: Flag = {
  name: 'tags',
  aliases: ['tag'],
  kind: 'list',
  value: 'A,B',
  summary: 'Tags, with commas between.',
};
const metadataFlag: Flag = {
  name: 'metadata',
  kind: 'map',
  value: 'KEY=TEXT',
  summary: 'A text of your own; may be repeated.',
};
const detailFlags: readonly Flag[] = [
  { name: 'type', kind: 'text', value: 'TYPE', summary: `${types}.` },
  { name: 'description', kind: 'text', value: 'TEXT', summary: 'What it is, for people.' },
  tagsFlag,
  metadataFlag,
  {
    name: 'expires-in',
    kind: 'text',
    value: 'DURATION',
    summary: 'Its value is refused after so long, such as 30d; never takes that away.',
  },
  {
    name: 'rotation-period',
    kind: 'text',
    value: 'DURATION',
    summary: 'How often it shall get a new value, such as 90d.',
  },
  {
    name: 'notify-before',
    kind: 'text',
    value: 'DURATION',
    summary: 'How long before that it is said to be due.',
  },
];

interface Short {
  readonly name: string;
  readonly summary: string;
  readonly words?: string;
  readonly arity?: Command['arity'];
  readonly flags?: readonly Flag[];
  readonly output?: Command['output'];
  readonly examples: Command['examples'];
  readonly load: () => Promise<Handler>;
}

function command({
  words = 'NAME',
  arity = { min: 1, max: 1 },
  flags = [],
  output = 'format',
  ...rest
}: Short): Command {
  return { ...rest, arguments: words, arity, output, flags: [...flags, workspaceFlag, jsonFlag] };
}

const withValue = { words: 'NAME [VALUE | - | @FILE]', arity: { min: 1, max: 2 }, flags: detailFlags };

export const commands: readonly Command[] = [
  command({
    name: 'create',
    summary: 'Create a secret in a workspace.',
    ...withValue,
    examples: [
      {
        says: 'The value asked for, and shown to nobody:',
        command: 'coffer secrets:create API_KEY --tags production,api',
      },
      {
        says: 'From a file, for thirty days:',
        command: 'coffer secrets:create TEMP_TOKEN @token.txt --expires-in 30d',
      },
    ],
    load: async () => (await import('./write.ts')).create,
  }),
  command({
    name: 'get',
    summary: 'Print the value of a secret.',
    flags: [versionFlag],
    output: 'field',
    examples: [
      { says: 'The newest version:', command: 'coffer secrets:get API_KEY' },
      { says: 'An older one:', command: 'coffer secrets:get DATABASE_URL --version 2' },
    ],
    load: async () => (await import('./read.ts')).get,
  }),
  command({
    name: 'describe',
    summary: 'Show what is known of a secret, without its value.',
    examples: [{ says: 'Its type, tags and expiry:', command: 'coffer secrets:describe API_KEY' }],
    load: async () => (await import('./read.ts')).describe,
  }),
  command({
    name: 'update',
    summary: 'Give a secret a new value, as a new version, or change what is said of it.',
    ...withValue,
    examples: [
      { says: 'A new version:', command: 'coffer secrets:update API_KEY -' },
      { says: 'Only its expiry:', command: 'coffer secrets:update STRIPE_KEY --expires-in 90d' },
    ],
    load: async () => (await import('./write.ts')).update,
  }),
  command({
    name: 'search',
    summary: 'List the secrets of a workspace (also secrets:list); never their values.',
    words: '[TEXT]',
    arity: { min: 0, max: 1 },
    flags: [
      { name: 'prefix', kind: 'text', value: 'TEXT', summary: 'Only names that begin so.' },
      { name: 'type', kind: 'text', value: 'TYPE', summary: `Only of this type: ${types}.` },
      tagsFlag,
      metadataFlag,
      { name: 'expired', kind: 'boolean', summary: 'Only those that have expired.' },
      { name: 'deleted', kind: 'boolean', summary: 'Those that are deleted instead.' },
      {
        name: 'sort',
        kind: 'text',
        value: 'KEY',
        summary: 'name, created, updated or expires; with a - the other way round.',
      },
    ],
    examples: [
      { says: 'All of them:', command: 'coffer secrets:list' },
      { says: 'With a word in name or description:', command: 'coffer secrets search openai' },
      { says: 'With a tag, as JSON:', command: 'coffer secrets:list --tags production --json' },
    ],
    load: async () => (await import('./read.ts')).search,
  }),
  command({
    name: 'versions',
    summary: 'List the versions of a secret.',
    examples: [{ says: 'When each was made:', command: 'coffer secrets:versions API_KEY' }],
    load: async () => (await import('./read.ts')).versions,
  }),
  command({
    name: 'diff',
    summary: 'Compare two versions of a secret.',
    flags: [
      { name: 'from', kind: 'number', value: 'N', summary: 'The version before the newest unless given.' },
      { name: 'to', kind: 'number', value: 'N', summary: 'The newest unless given.' },
    ],
    examples: [{ says: 'The first two:', command: 'coffer secrets:diff DATABASE_URL --from 1 --to 2' }],
    load: async () => (await import('./read.ts')).diff,
  }),
  command({
    name: 'rollback',
    summary: 'Bring an older version of a secret back, as a new version.',
    flags: [versionFlag],
    examples: [
      { says: 'The version before:', command: 'coffer secrets:rollback DATABASE_URL' },
      { says: 'A certain one:', command: 'coffer secrets:rollback DATABASE_URL --version 3' },
    ],
    load: async () => (await import('./write.ts')).rollback,
  }),
  command({
    name: 'grant-access',
    summary: 'Let somebody read a secret for a limited time; it ends by itself.',
    flags: [
      {
        name: 'user',
        kind: 'text',
        value: 'NAME',
        summary: 'A userpass user; or user:NAME, machine:ROLE, entity:NAME.',
      },
      {
        name: 'duration',
        kind: 'text',
        value: 'DURATION',
        summary: 'For how long, such as 1h; at most 30d.',
      },
    ],
    examples: [
      {
        says: 'For an hour:',
        command: 'coffer secrets:grant-access DATABASE_URL --user john@example.com --duration 1h',
      },
    ],
    load: async () => (await import('./grants.ts')).grantAccess,
  }),
  command({
    name: 'grants',
    summary: 'List who may read which secret for a limited time.',
    words: '',
    arity: { min: 0, max: 0 },
    examples: [{ says: 'Those in force:', command: 'coffer secrets:grants' }],
    load: async () => (await import('./grants.ts')).list,
  }),
  command({
    name: 'end-grant',
    summary: 'End a grant before its time.',
    words: 'ID',
    examples: [{ says: 'At once:', command: 'coffer secrets:end-grant 6f1c1f2e-…' }],
    load: async () => (await import('./grants.ts')).end,
  }),
  command({
    name: 'delete',
    summary: 'Delete a secret; it can be brought back unless it is deleted for good.',
    flags: [{ name: 'permanent', kind: 'boolean', summary: 'With all its versions, for good.' }],
    examples: [{ says: 'For now:', command: 'coffer secrets:delete TEMP_TOKEN' }],
    load: async () => (await import('./write.ts')).remove,
  }),
  command({
    name: 'undelete',
    summary: 'Bring a deleted secret back.',
    examples: [{ says: 'As it was:', command: 'coffer secrets:undelete TEMP_TOKEN' }],
    load: async () => (await import('./write.ts')).undelete,
  }),
];
