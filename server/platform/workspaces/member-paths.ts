import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { ownersPath, roles } from './roles.ts';
import type { WorkspacePathsParts } from './workspace-paths.ts';

const name = { type: 'string', description: 'The workspace', required: true } as const;
const subject = {
  type: 'string',
  required: true,
  description: 'Who: user:NAME, group:NAME, machine:ROLE or entity:NAME',
} as const;

/** `sys/workspaces/NAME/members`: who has which role. */
export function memberPaths(parts: WorkspacePathsParts): PathDeclaration[] {
  return [listPath(parts), onePath(parts)];
}

function listPath({ workspaces, members }: WorkspacePathsParts): PathDeclaration {
  return definePath({
    pattern: 'workspaces/{name}/members',
    rootOnly: true,
    fields: { name },
    operations: {
      read: {
        summary: 'List the members of a workspace with their roles',
        async handler({ fields }) {
          await workspaces.get(fields.name);
          return { data: { members: await members.list(fields.name) } };
        },
      },
    },
    help: {
      synopsis: 'The members of a workspace.',
      description: 'People, groups and machines, and their roles.',
    },
  });
}

function onePath({ workspaces, members, mayAlso }: WorkspacePathsParts): PathDeclaration {
  return definePath({
    pattern: 'workspaces/{name}/members/{subject}',
    rootOnly: true,
    fields: {
      name,
      subject,
      role: { type: 'string', allowed: roles, description: 'viewer, member, admin or owner' },
    },
    operations: {
      write: {
        summary: 'Give somebody a role in a workspace, in place of any other they have there',
        async handler(call) {
          const { fields, origin } = call;
          const role = roles.find((one) => one === fields.role);
          if (!role) throw invalidRequest('missing required field "role"');
          await workspaces.get(fields.name);
          const mayManageOwners = await mayAlso(call, ownersPath(fields.name));
          await members.set(fields.name, fields.subject, role, { origin, mayManageOwners });
          return { data: { subject: fields.subject, role } };
        },
      },
      delete: {
        summary: 'Take every role of a workspace from somebody',
        async handler(call) {
          const { fields, origin } = call;
          await workspaces.get(fields.name);
          // The right to delete there is asked of who deletes.
          const mayManageOwners = await mayAlso(call, ownersPath(fields.name));
          await members.set(fields.name, fields.subject, undefined, { origin, mayManageOwners });
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'Give and take the role of one member.',
      description:
        'Admins manage viewers, members and admins; owners manage everybody. The last owner cannot go.',
    },
  });
}
