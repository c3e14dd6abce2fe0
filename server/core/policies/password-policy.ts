import { randomBytes } from 'node:crypto';
import { HclError, readHcl } from '../../../formats/hcl/index.ts';

/** At least `minChars` characters of the password are of `charset`. */
export interface CharsetRule {
  readonly charset: ReadonlySet<string>;
  readonly minChars: number;
}

/** What a password of a policy is made of. Characters are Unicode code points. */
export interface PasswordPolicy {
  readonly length: number;
  readonly rules: readonly CharsetRule[];
  /** Every character of every rule, once. */
  readonly alphabet: readonly string[];
}

/** What is wrong with a password policy, each a sentence for its author. */
export class PasswordPolicyError extends Error {
  readonly reasons: readonly string[];
  constructor(reasons: readonly string[]) {
    super(reasons.join('; '));
    this.name = 'PasswordPolicyError';
    this.reasons = reasons;
  }
}

export const minPasswordLength = 4;
export const maxPasswordLength = 100;
const maxAlphabet = 256;
const maxRules = 64;
const maxPolicyLength = 64 * 1024;

/**
 * Reads Vault's language of password policies, HCL or JSON: `length = 20` and, at least once,
 * `rule "charset" { charset = "…" min-chars = 1 }`. Throws `PasswordPolicyError`.
 */
export function parsePasswordPolicy(text: string): PasswordPolicy {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof HclError) throw new PasswordPolicyError([error.message]);
    throw error;
  }
}

function read(text: string): PasswordPolicy {
  const root = readHcl(text, { maxLength: maxPolicyLength, maxDepth: 8 });
  const length = root.number('length') ?? 0;
  const rules = root.blocks('rule', 1).map((block): CharsetRule => {
    if (block.labels[0] !== 'charset')
      throw new PasswordPolicyError([`unrecognized rule type ${JSON.stringify(block.labels[0])}`]);
    const charset = new Set(block.string('charset') ?? '');
    const minChars = block.number('min-chars') ?? 0;
    block.refuseUnread();
    return { charset, minChars };
  });
  root.refuseUnread();
  const alphabet = [...new Set(rules.flatMap(({ charset }) => [...charset]))].sort();
  const policy: PasswordPolicy = { length, rules, alphabet };
  const reasons = problemsOf(policy);
  if (reasons.length > 0) throw new PasswordPolicyError(reasons);
  return policy;
}

function problemsOf({ length, rules, alphabet }: PasswordPolicy): string[] {
  const reasons: string[] = [];
  if (alphabet.length === 0) return ['no charset specified'];
  if (alphabet.length > maxAlphabet)
    reasons.push(`the charsets together may have at most ${maxAlphabet} different characters`);
  if (alphabet.some((character) => !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)))
    reasons.push('non-printable character in charset');
  if (rules.length > maxRules) reasons.push(`at most ${maxRules} rules`);
  if (rules.some(({ charset }) => charset.size === 0)) reasons.push('a rule has an empty charset');
  if (rules.some(({ minChars }) => !Number.isSafeInteger(minChars) || minChars < 0))
    reasons.push('min-chars must be a whole number, zero or more');
  if (!Number.isSafeInteger(length) || length < minPasswordLength || length > maxPasswordLength)
    reasons.push(`passwords must be between ${minPasswordLength} and ${maxPasswordLength} characters`);
  else if (rules.some(({ minChars }) => minChars > length))
    reasons.push(`a rule asks for more characters than the password has (${length})`);
  return reasons;
}

/**
 * A password, each one that the policy allows equally likely: whole candidates are drawn, and those that
 * miss a rule are thrown away. Undefined after `attempts` candidates, which means the rules contradict each
 * other or nearly do.
 */
export function generatePassword(policy: PasswordPolicy, attempts: number): string | undefined {
  const draw = characterSource(policy.alphabet);
  const candidate: string[] = new Array<string>(policy.length);
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (let at = 0; at < policy.length; at++) candidate[at] = draw();
    if (policy.rules.every((rule) => satisfies(candidate, rule))) return candidate.join('');
  }
  return undefined;
}

function satisfies(candidate: readonly string[], { charset, minChars }: CharsetRule): boolean {
  let found = 0;
  if (minChars === 0) return true;
  for (const character of candidate) if (charset.has(character) && ++found >= minChars) return true;
  return false;
}

/** Characters of `alphabet` (at most 256), each equally likely: bytes that would favour some are thrown away. */
function characterSource(alphabet: readonly string[]): () => string {
  const size = alphabet.length;
  const limit = 256 - (256 % size);
  let bytes = new Uint8Array(0);
  let at = 0;
  return () => {
    for (;;) {
      if (at === bytes.length) {
        bytes = randomBytes(512);
        at = 0;
      }
      const byte = bytes[at++] ?? 256;
      if (byte < limit) return alphabet[byte % size] ?? '';
    }
  };
}
