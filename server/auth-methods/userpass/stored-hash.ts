import { invalidRequest } from '../../contracts/errors.ts';
import { type BcryptHash, parseBcryptHash } from './bcrypt.ts';
import { isCheap, type PasswordHash, parsePasswordHash } from './password-hash.ts';

/** A hash as it stands in a user's record. */
export type StoredHash =
  | { readonly kind: 'argon2id'; readonly hash: PasswordHash }
  | { readonly kind: 'bcrypt'; readonly hash: BcryptHash };

/** About a second a check. */
const highestBcryptCost = 14;
const bcryptPasswordBytes = 72;

export function parseStoredHash(text: string): StoredHash | undefined {
  const argon2id = parsePasswordHash(text);
  if (argon2id) return { kind: 'argon2id', hash: argon2id };
  const bcrypt = parseBcryptHash(text);
  return bcrypt && { kind: 'bcrypt', hash: bcrypt };
}

/** Whether the hash should give way to one at today's cost, now that its password has been seen. */
export function isOutdated({ kind, hash }: StoredHash, password: string): boolean {
  if (kind === 'argon2id') return isCheap(hash);
  // Of a longer one bcrypt has not checked the end, so it stays as it is.
  return Buffer.byteLength(password) <= bcryptPasswordBytes;
}

/** Throws 'invalid-request', without repeating it, unless `text` can be stored as a user's hash. */
export function checkGivenHash(text: string): void {
  const parsed = parseStoredHash(text);
  if (!parsed)
    throw invalidRequest('password_hash is not a valid bcrypt or Argon2id hash', {
      hint: 'The forms are $2b$10$… and $argon2id$v=19$m=19456,t=2,p=1$SALT$TAG.',
    });
  if (parsed.kind === 'bcrypt' && parsed.hash.cost > highestBcryptCost)
    throw invalidRequest(`password_hash has a bcrypt cost above ${highestBcryptCost}`);
}
