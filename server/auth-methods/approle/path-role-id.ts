import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { changeRole, roleFields, roleNameField } from './role-record.ts';
import type { RoleStore } from './role-store.ts';

export function roleIdPath(roles: RoleStore): PathDeclaration {
  return definePath({
    pattern: 'role/{role_name}/role-id',
    fields: { role_name: roleNameField, role_id: roleFields.role_id },
    help: {
      synopsis: 'The id with which a role is logged in to.',
      description: 'Random unless set. Once changed, the former one does not work any more.',
    },
    operations: {
      read: {
        summary: 'Read the id of a role',
        pure: true,
        async handler({ fields }) {
          const role = await roles.find(fields.role_name);
          return role && { data: { role_id: role.roleId } };
        },
      },
      write: {
        summary: 'Choose the id of a role',
        async handler({ fields }) {
          const { role_name: name, role_id } = fields;
          if (!role_id) throw invalidRequest('missing role_id');
          if (!(await roles.change(name, (role) => changeRole(role, { role_id }, false), true)))
            throw unsupportedPath();
          return undefined;
        },
        examples: [
          { description: 'Set it', path: 'role/model-server/role-id', data: { role_id: 'model-server-1' } },
        ],
      },
    },
  });
}

/** What Vault says to a write below a role that is not there. */
export function unsupportedPath(): CofferError {
  return new CofferError('no-route', '1 error occurred:\n\t* unsupported path\n\n');
}
