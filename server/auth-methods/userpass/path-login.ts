import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Stored } from '../../contracts/records.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import { grantedToken } from '../../contracts/token-fields.ts';
import { nobodysHash } from './password-hash.ts';
import type { PasswordWork } from './password-work.ts';
import { isOutdated, parseStoredHash, type StoredHash } from './stored-hash.ts';
import { maxPasswordBytes, passwordFields, type UserRecord, usernameField } from './user-record.ts';
import { type UserStore, userName } from './user-store.ts';

const nobody: StoredHash = { kind: 'argon2id', hash: nobodysHash };

export function loginPath(users: UserStore, passwords: PasswordWork, logger: Logger): PathDeclaration {
  return definePath({
    pattern: 'login/{username}',
    access: 'anyone',
    fields: { username: usernameField, password: passwordFields.password },
    help: {
      synopsis: 'Log in with a user name and a password.',
      description:
        'Gives a token with what the user’s settings say. An unknown user and a wrong password are answered alike.',
    },
    operations: {
      write: {
        summary: 'Log in',
        claimedAlias: ({ fields }) => userName(fields.username),
        async handler({ fields, origin }) {
          const { username, password } = fields;
          if (!password) throw invalidRequest('missing password');
          const stored = await checkPassword(username, password);
          return { auth: grantOf(stored.value, origin.remoteAddress) };
        },
        examples: [
          { description: 'Log in', path: 'login/alice', data: { password: 'correct horse battery staple' } },
        ],
      },
    },
  });

  /** One check's worth of time whether or not there is such a user. */
  async function checkPassword(username: string, password: string): Promise<Stored<UserRecord>> {
    const stored = await users.find(username);
    const hash = stored && parseStoredHash(stored.value.passwordHash);
    if (stored && !hash)
      throw new CofferError('internal', undefined, { detail: 'a stored password hash cannot be read' });
    // No password is longer; hashing the beginning takes as long as any other.
    const isTooLong = Buffer.byteLength(password) > maxPasswordBytes;
    const isRight = await passwords.isRight(isTooLong ? '' : password, hash ?? nobody);
    if (!stored || !hash || isTooLong || !isRight) throw new CofferError('invalid-credentials');
    if (isOutdated(hash, password)) await raiseCost(stored, password);
    return stored;
  }

  /** A login does not fail because this does. */
  async function raiseCost(stored: Stored<UserRecord>, password: string): Promise<void> {
    try {
      await users.replaceHash(stored, await passwords.hash(password));
    } catch (error) {
      logger.warn('the cost of a password hash could not be raised', {
        error: error instanceof Error ? error.message : 'unknown',
      });
    }
  }
}

function grantOf(user: UserRecord, remoteAddress: string): AuthGrant {
  return {
    ...grantedToken(user.token, remoteAddress),
    displayName: user.name,
    metadata: { username: user.name },
    alias: { name: user.name },
    renewable: true,
    internal: { user: user.name, uid: user.uid },
  };
}
