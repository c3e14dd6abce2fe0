import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { NamedRecords } from '../named-records.ts';
import { ConfigStore } from './config-store.ts';
import { renewLogin } from './grant.ts';
import { LoginStates } from './login-state.ts';
import { configPath } from './path-config.ts';
import { loginPath } from './path-login.ts';
import { oidcPaths } from './path-oidc.ts';
import { rolePaths } from './path-role.ts';
import type { RoleRecord } from './role-record.ts';

/** Machines with a JWT of an issuer that is trusted, and people who sign in at an OpenID Connect provider. */
export const plugin: AuthMethodPlugin = {
  type: 'jwt',
  otherTypes: ['oidc'],
  description: 'logins with JWTs, and in a browser through an OpenID Connect provider',
  version: '1.0.0',
  async create({ records, clock, logger, mount }) {
    const configs = new ConfigStore(records, clock);
    const roles = new NamedRecords<RoleRecord>(records, 'role/');
    const services = { configs, roles, clock, logger };
    const states = new LoginStates(records, clock, mount.uuid);
    return {
      paths: [
        configPath(configs, clock),
        ...rolePaths(roles),
        loginPath(services),
        ...oidcPaths(services, states),
      ],
      renew: (login) => renewLogin(roles, login),
      loginRole: async ({ role }) =>
        typeof role === 'string' && role !== ''
          ? role.toLowerCase()
          : (await configs.find())?.config.defaultRole || undefined,
    };
  },
};
