import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import {
  changeTokenSettings,
  olderTokenFields,
  type TokenSettings,
  tokenFields,
} from '../../contracts/token-fields.ts';
import type { PasswordWork } from './password-work.ts';
import { checkGivenHash } from './stored-hash.ts';

/** A user as stored under `user/<name>`. */
export interface UserRecord {
  /** Random, so that a new user of the same name is another one. */
  readonly uid: string;
  readonly name: string;
  /** Argon2id in PHC form; or bcrypt, as it was given, until its password is seen. */
  readonly passwordHash: string;
  readonly token: TokenSettings;
}

/** Lower case before policies are asked, so that no spelling goes round a rule about one. */
export const usernameField = {
  type: 'lower-string',
  description: 'Name of the user',
  required: true,
} as const;

export const passwordFields = {
  password: { type: 'string', description: 'The password', sensitive: true },
  password_hash: {
    type: 'string',
    description: 'Its bcrypt hash, or its Argon2id hash in PHC form, instead of the password',
    sensitive: true,
  },
} as const satisfies FieldDeclarations;

export const userTokenFields = {
  ...tokenFields,
  policies: olderTokenFields.policies,
  ttl: olderTokenFields.ttl,
  max_ttl: olderTokenFields.max_ttl,
  bound_cidrs: olderTokenFields.bound_cidrs,
} as const satisfies FieldDeclarations;

export type PasswordValues = Partial<FieldValues<typeof passwordFields>>;
export type UserTokenValues = Partial<FieldValues<typeof userTokenFields>>;

export const maxPasswordBytes = 4096;

export function changeToken(user: UserRecord, given: UserTokenValues): UserRecord {
  return { ...user, token: changeTokenSettings(user.token, given) };
}

/** The hash to store for what was given; undefined when nothing was. Throws 'invalid-request' without repeating any of it. */
export async function givenHash(given: PasswordValues, passwords: PasswordWork): Promise<string | undefined> {
  const { password, password_hash: hash } = given;
  if (password && hash) throw invalidRequest('only one of password or password_hash may be provided');
  if (password) {
    if (Buffer.byteLength(password) > maxPasswordBytes)
      throw invalidRequest(`the password is longer than ${maxPasswordBytes} bytes`);
    return passwords.hash(password);
  }
  if (!hash) return undefined;
  checkGivenHash(hash);
  return hash;
}
