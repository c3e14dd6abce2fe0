import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { listOfRoles } from '../list-page.ts';
import type { NamedRecords } from '../named-records.ts';
import { changeRole, newRole, type RoleRecord, roleFields, roleNameField, shownRole } from './role-record.ts';

export function rolePaths(roles: NamedRecords<RoleRecord>): PathDeclaration[] {
  return [listOfRoles('role', roles), rolePath(roles)];
}

function rolePath(roles: NamedRecords<RoleRecord>): PathDeclaration {
  return definePath({
    pattern: 'role/{name}',
    fields: { name: roleNameField, ...roleFields },
    exists: async ({ fields }) => (await roles.find(fields.name)) !== undefined,
    help: {
      synopsis: 'A role: which service accounts log in with it, and what tokens that gives.',
      description:
        'What a change does not name stays as it was. Tokens of a deleted role live until their time, and cannot be renewed.',
    },
    operations: {
      read: {
        summary: 'Read a role',
        pure: true,
        async handler({ fields }) {
          const role = await roles.find(fields.name);
          return role && { data: shownRole(role.value) };
        },
      },
      write: {
        summary: 'Create or change a role',
        async handler({ fields }) {
          await roles.change(fields.name, (role, name) => changeRole(role ?? newRole(name), fields));
          return undefined;
        },
        examples: [
          {
            description: 'A role for a model server',
            path: 'role/inference-role',
            data: {
              bound_service_account_names: ['inference-sa'],
              bound_service_account_namespaces: ['inference'],
              token_policies: ['ai-inference-service'],
              token_ttl: '1h',
            },
          },
        ],
      },
      delete: {
        summary: 'Delete a role',
        async handler({ fields }) {
          await roles.remove(fields.name);
          return undefined;
        },
      },
    },
  });
}
