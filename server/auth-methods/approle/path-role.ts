import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { listOfRoles } from '../list-page.ts';
import { changeRole, roleFields, roleNameField, shownRole } from './role-record.ts';
import type { RoleStore } from './role-store.ts';

export function rolePaths(roles: RoleStore): PathDeclaration[] {
  return [listOfRoles('role', roles), rolePath(roles)];
}

function rolePath(roles: RoleStore): PathDeclaration {
  return definePath({
    pattern: 'role/{role_name}',
    fields: { role_name: roleNameField, ...roleFields },
    exists: async ({ fields }) => (await roles.find(fields.role_name)) !== undefined,
    help: {
      synopsis: 'A role: who may log in with it, and what tokens that gives.',
      description:
        'What a change does not name stays as it was. Names are kept in lower case. Deleting a role ends its secret ids; tokens that it gave live until their time, and cannot be renewed.',
    },
    operations: {
      read: {
        summary: 'Read a role',
        pure: true,
        async handler({ fields }) {
          const role = await roles.find(fields.role_name);
          return role && { data: shownRole(role) };
        },
      },
      write: {
        summary: 'Create or change a role',
        async handler({ fields }) {
          await roles.change(fields.role_name, (role, isNew) => changeRole(role, fields, isNew), false);
          return undefined;
        },
        examples: [
          {
            description: 'A role for a model server',
            path: 'role/model-server',
            data: { token_policies: ['ai-inference-service'], token_ttl: '20m', secret_id_ttl: '24h' },
          },
        ],
      },
      delete: {
        summary: 'Delete a role with its secret ids',
        async handler({ fields }) {
          await roles.remove(fields.role_name);
          return undefined;
        },
      },
    },
  });
}
