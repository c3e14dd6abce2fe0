import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { NamedRecords } from '../named-records.ts';
import { certPaths } from './path-certs.ts';
import { configPath } from './path-config.ts';
import { crlPaths } from './path-crl.ts';
import { loginPath, renewLogin } from './path-login.ts';
import type { CrlRecord } from './revocation-lists.ts';
import type { RoleRecord } from './role-record.ts';

/** Machines that log in with the certificate of their TLS connection. */
export const plugin: AuthMethodPlugin = {
  type: 'cert',
  description: 'logins of machines with a TLS client certificate',
  version: '1.0.0',
  async create({ records, clock }) {
    const roles = new NamedRecords<RoleRecord>(records, 'cert/');
    const lists = new NamedRecords<CrlRecord>(records, 'crl/');
    const services = { records, roles, lists, clock };
    return {
      paths: [configPath(records), ...certPaths(roles), ...crlPaths(lists), loginPath(services)],
      renew: (login) => renewLogin(services, login),
      loginRole: async ({ name }) =>
        typeof name === 'string' && name !== '' ? name.toLowerCase() : undefined,
    };
  },
};
