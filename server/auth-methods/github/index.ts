import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { NamedRecords } from '../named-records.ts';
import { configPath } from './path-config.ts';
import { loginPath, renewLogin } from './path-login.ts';
import { type MapRecord, mapPaths } from './path-maps.ts';

/** Members of a GitHub organization, with a personal access token. */
export const plugin: AuthMethodPlugin = {
  type: 'github',
  description: 'logins of members of a GitHub organization with a personal access token',
  version: '1.0.0',
  async create({ records }) {
    const teams = new NamedRecords<MapRecord>(records, 'team/');
    const users = new NamedRecords<MapRecord>(records, 'user/');
    const services = { records, teams, users };
    return {
      paths: [
        configPath(records),
        ...mapPaths('teams', teams),
        ...mapPaths('users', users),
        loginPath(services),
      ],
      renew: (login) => renewLogin(services, login),
    };
  },
};
