import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { Digests } from './digests.ts';
import { loginPath } from './path-login.ts';
import { rolePaths } from './path-role.ts';
import { roleIdPath } from './path-role-id.ts';
import { roleSettingPaths } from './path-role-settings.ts';
import { secretIdPaths } from './path-secret-id.ts';
import { secretIdKnownPaths } from './path-secret-id-known.ts';
import { tidyPath } from './path-tidy.ts';
import { renewLogin } from './renew-login.ts';
import { maxIdLength } from './role-record.ts';
import { RoleStore } from './role-store.ts';
import { SecretIdStore } from './secret-id-store.ts';

/** Machines that log in with the id of a role and a secret that was made for it. */
export const plugin: AuthMethodPlugin = {
  type: 'approle',
  description: 'logins of machines with a role id and a secret id',
  version: '1.0.0',
  async create({ records, clock, logger, mount }) {
    const digests = await Digests.open(records);
    const secretIds = new SecretIdStore(records, digests, clock);
    const roles = new RoleStore(records, digests, secretIds);
    return {
      paths: [
        ...rolePaths(roles),
        roleIdPath(roles),
        ...roleSettingPaths(roles),
        ...secretIdPaths({ roles, secretIds, mount }),
        ...secretIdKnownPaths(roles, secretIds),
        loginPath(roles, secretIds, digests),
        tidyPath(secretIds, logger),
      ],
      renew: (login) => renewLogin(roles, login),
      loginRole: async ({ role_id: roleId }) =>
        typeof roleId === 'string' && roleId.length <= maxIdLength
          ? (await roles.findByRoleId(roleId))?.name
          : undefined,
      tidy: () => secretIds.tidy(),
    };
  },
};
