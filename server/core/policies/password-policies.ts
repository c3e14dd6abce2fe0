import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import {
  generatePassword,
  type PasswordPolicy,
  PasswordPolicyError,
  parsePasswordPolicy,
} from './password-policy.ts';

const prefix = 'password-policy/';
/** A policy is refused when these were not enough, so that `generateAttempts` practically always are. */
const trialAttempts = 1_000;
const generateAttempts = 20_000;

/** The password policies of every namespace, each the text as it was written, under `password-policy/<name>`. */
export class PasswordPolicies {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records) {
    this.#recordsOf = recordsOf;
  }

  async list(namespaceId: string, page: { after?: string; limit?: number } = {}): Promise<string[]> {
    const keys = await this.#sys(namespaceId).scanKeys(prefix, {
      limit: page.limit ?? 100_000,
      ...(page.after === undefined ? {} : { after: prefix + page.after }),
    });
    return keys.map((key) => key.slice(prefix.length));
  }

  /** The text. Throws 'not-found' in Vault's words. */
  async read(namespaceId: string, name: string): Promise<string> {
    return (await this.#stored(namespaceId, name)).value.text;
  }

  /** Throws 'invalid-request' for a policy that cannot be read, or by which no password was found. */
  async write(namespaceId: string, name: string, text: string): Promise<void> {
    const policy = parsed(text);
    if (generatePassword(policy, trialAttempts) === undefined)
      throw invalidRequest(
        wrapped('unable to generate a password from the policy: are its rules impossible?'),
      );
    await this.#sys(namespaceId).commit({ put: [[prefix + name, { text }]] });
  }

  async remove(namespaceId: string, name: string): Promise<void> {
    await this.#sys(namespaceId).commit({ remove: [prefix + name] });
  }

  /** A new password by the policy. For engines too. */
  async generate(namespaceId: string, name: string): Promise<string> {
    const stored = await this.#stored(namespaceId, name);
    stored.memo ??= parsePasswordPolicy(stored.value.text);
    const password = generatePassword(stored.memo as PasswordPolicy, generateAttempts);
    if (password === undefined)
      throw new CofferError('internal', 'no password was found that keeps all rules of the policy');
    return password;
  }

  async #stored(namespaceId: string, name: string) {
    const stored = await this.#sys(namespaceId).get<{ text: string }>(prefix + name);
    if (!stored) throw new CofferError('not-found', wrapped('policy does not exist'));
    return stored;
  }

  #sys(namespaceId: string): Records {
    return this.#recordsOf(namespaceId, 'sys/');
  }
}

function parsed(text: string): PasswordPolicy {
  try {
    return parsePasswordPolicy(text);
  } catch (error) {
    if (!(error instanceof PasswordPolicyError)) throw error;
    throw invalidRequest(wrapped(`invalid password policy: ${wrapped(...error.reasons)}`));
  }
}

/** As Go's multierror prints, which is what Vault's clients see and some parse. */
function wrapped(...reasons: readonly string[]): string {
  const head = reasons.length === 1 ? '1 error occurred' : `${reasons.length} errors occurred`;
  return `${head}:\n${reasons.map((reason) => `\t* ${reason}\n`).join('')}\n`;
}
