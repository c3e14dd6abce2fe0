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
      synopsis: 'A role: which tokens of the issuer log in with it, and what tokens that gives.',
      description:
        'What a change does not name stays as it was. A role of type jwt needs a bound audience, subject, claim or address. Tokens of a deleted role live until their time, and cannot be renewed.',
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
            description: 'Jobs of one repository',
            path: 'role/deploy',
            data: {
              role_type: 'jwt',
              user_claim: 'sub',
              bound_audiences: ['https://coffer.example.com'],
              bound_claims: { repository: 'example/app' },
              token_policies: ['deploy'],
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
