import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { renewedToken } from '../../contracts/token-fields.ts';
import { NamedRecords } from '../named-records.ts';
import { podFolder } from './api-server.ts';
import { configPath } from './path-config.ts';
import { loginPath } from './path-login.ts';
import { rolePaths } from './path-role.ts';
import type { RoleRecord } from './role-record.ts';

/** Pods that log in with the token of their service account. */
export const plugin: AuthMethodPlugin = kubernetesIn(podFolder);

/** The method of a server in a pod whose certificate and token are in `folder`. */
export function kubernetesIn(folder: string): AuthMethodPlugin {
  return {
    type: 'kubernetes',
    description: 'logins of pods with the token of their Kubernetes service account',
    version: '1.0.0',
    async create({ records, clock, logger }) {
      const roles = new NamedRecords<RoleRecord>(records, 'role/');
      return {
        paths: [
          configPath(records, folder),
          ...rolePaths(roles),
          loginPath({ records, roles, clock, logger, folder }),
        ],
        /** Refuses when the role is gone; one made since under its name is another. */
        async renew({ internal: { role: name, uid }, grant }) {
          const role = typeof name === 'string' ? (await roles.find(name))?.value : undefined;
          if (!role || role.uid !== uid)
            throw invalidRequest('the role of this token no longer exists, so it cannot be renewed');
          return renewedToken(role.token, grant);
        },
      };
    },
  };
}
