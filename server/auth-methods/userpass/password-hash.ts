import { argon2 } from 'node:crypto';
import { promisify } from 'node:util';
import { equalBytes } from '../../crypto/constant-time.ts';
import { randomBytes } from '../../crypto/random.ts';
import { wipe } from '../../crypto/wipe.ts';

const derive = promisify(argon2);

/** What a check costs. RFC 9106 calls them m, t and p. */
export interface HashCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** Argon2id as the OWASP Password Storage Cheat Sheet recommends it. Raise it here: hashes follow at their next login. */
export const recommendedCost: HashCost = Object.freeze({ memoryKib: 19_456, passes: 2, parallelism: 1 });

const saltBytes = 16;
const tagBytes = 32;

/** A stored hash, taken apart. */
export interface PasswordHash {
  readonly cost: HashCost;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** Costs as much to check as a real one, and no password is right for it. */
export const nobodysHash: PasswordHash = Object.freeze({
  cost: recommendedCost,
  salt: Buffer.alloc(saltBytes),
  tag: Buffer.alloc(tagBytes),
});

/** The hash of `password` in PHC form: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. */
export async function hashPassword(password: string, cost: HashCost = recommendedCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await tagOf(password, { cost, salt, tag: Buffer.alloc(tagBytes) });
  const { memoryKib, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

/** Runs on libuv's threads; compares in constant time. */
export async function isRightPassword(password: string, hash: PasswordHash): Promise<boolean> {
  return equalBytes(await tagOf(password, hash), hash.tag);
}

/** True when checking `hash` costs less than it should by now. */
export function isCheap(hash: PasswordHash): boolean {
  const { memoryKib, passes } = recommendedCost;
  return hash.cost.memoryKib < memoryKib || hash.cost.passes < passes;
}

const form =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,3}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Undefined for what is not Argon2id in PHC form, and for costs that would let one login stall the server. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const found = form.exec(text);
  if (!found) return undefined;
  const [, memory, passes, parallelism, salt = '', tag = ''] = found;
  const cost = { memoryKib: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  if (cost.memoryKib > 262_144 || cost.passes > 16 || cost.parallelism > 16) return undefined;
  if (cost.memoryKib < 8 * cost.parallelism) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

async function tagOf(password: string, { cost, salt, tag }: PasswordHash): Promise<Buffer> {
  const message = Buffer.from(password);
  try {
    return await derive('argon2id', {
      message,
      nonce: salt,
      memory: cost.memoryKib,
      passes: cost.passes,
      parallelism: cost.parallelism,
      tagLength: tag.length,
    });
  } finally {
    wipe(message);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
