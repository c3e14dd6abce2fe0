import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { shownTokenSettings } from '../../contracts/token-fields.ts';
import type { PasswordWork } from './password-work.ts';
import { changeToken, givenHash, passwordFields, usernameField, userTokenFields } from './user-record.ts';
import type { UserStore } from './user-store.ts';

export function userPaths(users: UserStore, passwords: PasswordWork): PathDeclaration[] {
  return [listPath(users), userPath(users, passwords)];
}

function listPath(users: UserStore): PathDeclaration {
  return definePath({
    pattern: 'users',
    fields: {
      after: { type: 'string', description: 'Begin after this name', query: true },
      limit: { type: 'int', description: 'At most so many names; 0 for all', query: true },
    },
    help: { synopsis: 'List the users.', description: 'Names only; read one for its settings.' },
    operations: {
      list: {
        summary: 'List users',
        pure: true,
        async handler({ fields: { after, limit } }) {
          const keys = await users.list({
            ...(after === undefined || after === '' ? {} : { after }),
            ...(limit === undefined || limit <= 0 ? {} : { limit }),
          });
          return keys.length > 0 ? { data: { keys } } : undefined;
        },
      },
    },
  });
}

function userPath(users: UserStore, passwords: PasswordWork): PathDeclaration {
  return definePath({
    pattern: 'users/{username}',
    fields: { username: usernameField, ...passwordFields, ...userTokenFields },
    exists: async ({ fields }) => (await users.find(fields.username)) !== undefined,
    help: {
      synopsis: 'A user: the password, and what tokens a login gives.',
      description:
        'What a change does not name stays as it was. Names are kept in lower case. The password never reads back. Tokens of a deleted user live until their time, and cannot be renewed.',
    },
    operations: {
      read: {
        summary: 'Read a user',
        pure: true,
        async handler({ fields }) {
          const stored = await users.find(fields.username);
          return stored && { data: shownTokenSettings(stored.value.token) };
        },
      },
      write: {
        summary: 'Create or change a user',
        async handler({ fields }) {
          const hash = await givenHash(fields, passwords);
          await users.createOrChange(fields.username, hash, (user) => changeToken(user, fields));
          return undefined;
        },
        examples: [
          {
            description: 'A user of one policy',
            path: 'users/alice',
            data: { password: 'correct horse battery staple', token_policies: ['app'] },
          },
        ],
      },
      delete: {
        summary: 'Delete a user',
        async handler({ fields }) {
          await users.remove(fields.username);
          return undefined;
        },
      },
    },
  });
}
