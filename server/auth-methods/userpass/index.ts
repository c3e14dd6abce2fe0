import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { PasswordWork } from './password-work.ts';
import { loginPath } from './path-login.ts';
import { userSettingPaths } from './path-user-settings.ts';
import { userPaths } from './path-users.ts';
import { renewLogin } from './renew-login.ts';
import { UserStore } from './user-store.ts';

/** People who log in with a name and a password. */
export const plugin: AuthMethodPlugin = {
  type: 'userpass',
  description: 'logins of people with a user name and a password',
  version: '1.0.0',
  async create({ records, logger }) {
    const users = new UserStore(records);
    const passwords = new PasswordWork();
    return {
      paths: [
        ...userPaths(users, passwords),
        ...userSettingPaths(users, passwords),
        loginPath(users, passwords, logger),
      ],
      renew: (login) => renewLogin(users, login),
      close: () => passwords.close(),
    };
  },
};
