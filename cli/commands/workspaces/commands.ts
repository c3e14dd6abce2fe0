import type { Command, Flag, Handler } from '../../command.ts';
import { jsonFlag } from '../named-secrets/workspace.ts';

const detailFlags: readonly Flag[] = [
  { name: 'description', kind: 'text', value: 'TEXT', summary: 'What it is for.' },
  { name: 'environment', kind: 'text', value: 'NAME', summary: 'A label, such as production.' },
  { name: 'region', kind: 'text', value: 'NAME', summary: 'Where its values belong.' },
];
const subjects = 'user:NAME, group:NAME, machine:ROLE (AppRole) or entity:NAME';

function command(
  name: string,
  words: string,
  summary: string,
  example: string,
  work: (room: typeof import('./workspaces.ts')) => Handler,
  flags: readonly Flag[] = [],
): Command {
  const count = words === '' ? 0 : words.split(' ').length;
  return {
    name,
    summary,
    arguments: words,
    arity: { min: count, max: count },
    output: 'format',
    flags: [...flags, jsonFlag],
    examples: [{ says: 'For example:', command: `coffer workspaces ${example}` }],
    load: async () => work(await import('./workspaces.ts')),
  };
}

export const commands: readonly Command[] = [
  command(
    'create',
    'NAME',
    'Create a workspace: its own key, store and roles.',
    'create production --environment production',
    (room) => room.create,
    [
      ...detailFlags,
      {
        name: 'owner',
        kind: 'text',
        value: 'WHO',
        summary: `Its first owner: ${subjects}; you unless given.`,
      },
    ],
  ),
  command('list', '', 'List the workspaces that you may see.', 'list', (room) => room.list),
  command('get', 'NAME', 'Show a workspace.', 'get production', (room) => room.get),
  command(
    'update',
    'NAME',
    'Change the description and labels of a workspace.',
    'update production --description "What customers see"',
    (room) => room.update,
    detailFlags,
  ),
  command(
    'delete',
    'NAME',
    'Delete a workspace; its key is destroyed when the grace period ends.',
    'delete sandbox --grace 24h',
    (room) => room.remove,
    [
      { name: 'force', kind: 'boolean', summary: 'At once: nothing of it can be read ever again.' },
      {
        name: 'grace',
        kind: 'text',
        value: 'DURATION',
        summary: 'How long it can be restored; 7 days unless given.',
      },
    ],
  ),
  command(
    'restore',
    'NAME',
    'Take the deletion of a workspace back.',
    'restore sandbox',
    (room) => room.restore,
  ),
  command(
    'members',
    'NAME',
    'List the members of a workspace and their roles.',
    'members production',
    (room) => room.members,
  ),
  command(
    'add-member',
    'NAME WHO ROLE',
    `Give somebody a role (viewer, member, admin, owner): ${subjects}.`,
    'add-member production user:alice member',
    (room) => room.addMember,
  ),
  command(
    'remove-member',
    'NAME WHO',
    'Take every role of a workspace from somebody.',
    'remove-member production user:alice',
    (room) => room.removeMember,
  ),
];
