import { type CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { PasswordWork } from './password-work.ts';
import { changeToken, givenHash, passwordFields, usernameField, userTokenFields } from './user-record.ts';
import type { UserStore } from './user-store.ts';

/** Paths of their own, so that a policy can allow to change one setting and not the others. */
export function userSettingPaths(users: UserStore, passwords: PasswordWork): PathDeclaration[] {
  return [
    definePath({
      pattern: 'users/{username}/password',
      fields: { username: usernameField, ...passwordFields },
      help: {
        synopsis: 'Change the password of a user.',
        description: 'The former password stops working when the answer comes. Tokens live on.',
      },
      operations: {
        write: {
          summary: 'Change a password',
          async handler({ fields }) {
            const passwordHash = await givenHash(fields, passwords);
            if (passwordHash === undefined)
              throw invalidRequest('must provide either password or password_hash');
            if (!(await users.change(fields.username, (user) => ({ ...user, passwordHash }))))
              throw noSuchUser();
            return undefined;
          },
        },
      },
    }),
    definePath({
      pattern: 'users/{username}/policies',
      fields: {
        username: usernameField,
        token_policies: userTokenFields.token_policies,
        policies: userTokenFields.policies,
      },
      help: {
        synopsis: 'Change the policies of a user.',
        description: 'Later logins get them. Tokens that are there keep theirs, and cannot be renewed.',
      },
      operations: {
        write: {
          summary: 'Change policies',
          async handler({ fields }) {
            if (!(await users.change(fields.username, (user) => changeToken(user, fields))))
              throw noSuchUser();
            return undefined;
          },
        },
      },
    }),
  ];
}

function noSuchUser(): CofferError {
  return invalidRequest('username does not exist');
}
