import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { checkCanonical } from '../router/canonical-path.ts';
import { builtInPolicies } from './built-in-policies.ts';
import { type Policy, PolicyError, parsePolicy } from './parse-policy.ts';
import { whyNotDeletable, whyNotWritable } from './policy-names.ts';

/** A policy as it is stored, under `policy/<name>` in its namespace. */
export interface StoredPolicy {
  readonly name: string;
  readonly text: string;
  readonly version: number;
  readonly modifiedMs: number;
}

export const policyPrefix = 'policy/';
const maxPolicyBytes = 1024 * 1024;
const longestName = 512;

/** ACL policies of every namespace. Names are lower-case; `root` exists without a record. */
export class PolicyStore {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly #clock: Clock;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records, clock: Clock) {
    this.#recordsOf = recordsOf;
    this.#clock = clock;
  }

  /** Writes the policies that every namespace begins with. */
  async initialize(namespaceId: string): Promise<void> {
    const records = this.#records(namespaceId);
    for (const [name, text] of builtInPolicies) {
      const stored: StoredPolicy = { name, text, version: 1, modifiedMs: this.#clock.now() };
      await records
        .commit({
          expect: [{ key: policyPrefix + name, stored: undefined }],
          put: [[policyPrefix + name, stored]],
        })
        .catch(ignoreConflict);
    }
  }

  async find(namespaceId: string, name: string): Promise<StoredPolicy | undefined> {
    if (name === 'root') return { name, text: '', version: 0, modifiedMs: 0 };
    return (await this.#records(namespaceId).get<StoredPolicy>(policyPrefix + name))?.value;
  }

  /** The parsed policy, kept beside its record. */
  async parsed(
    namespace: { readonly id: string; readonly path: string },
    name: string,
  ): Promise<Policy | undefined> {
    const stored = await this.#records(namespace.id).get<StoredPolicy>(policyPrefix + name);
    if (!stored) return undefined;
    stored.memo ??= parsePolicy(name, stored.value.text, namespace.path);
    return stored.memo as Policy;
  }

  async list(namespaceId: string): Promise<string[]> {
    const names = await this.#records(namespaceId).scanKeys(policyPrefix, { limit: 1_000_000 });
    return names
      .map((key) => key.slice(policyPrefix.length))
      .filter((name) => name !== 'response-wrapping' && name !== 'control-group');
  }

  /** Throws 'invalid-request' with the parser's sentence. `cas` as in OpenBao: the version that must be there, -1 for none. */
  async write(namespaceId: string, name: string, text: string, cas?: number): Promise<void> {
    checkName(name);
    const refusal = whyNotWritable(name);
    if (refusal) throw invalidRequest(refusal);
    const policyText = decodeBase64(text);
    if (Buffer.byteLength(policyText) > maxPolicyBytes)
      throw invalidRequest('the policy is larger than 1 MiB');
    checkText(name, policyText);
    const records = this.#records(namespaceId);
    const key = policyPrefix + name;
    for (let attempt = 1; ; attempt++) {
      const before = await records.get<StoredPolicy>(key);
      if (cas !== undefined && cas !== (before?.value.version ?? -1)) throw new CofferError('cas-mismatch');
      const next: StoredPolicy = {
        name,
        text: policyText,
        version: (before?.value.version ?? 0) + 1,
        modifiedMs: this.#clock.now(),
      };
      try {
        await records.commit({ expect: [{ key, stored: before }], put: [[key, next]] });
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (attempt === 8) throw new CofferError('conflict');
      }
    }
  }

  /** Removing what is not there is fine. */
  async remove(namespaceId: string, name: string): Promise<void> {
    const refusal = whyNotDeletable(name);
    if (refusal) throw invalidRequest(refusal);
    await this.#records(namespaceId).commit({ remove: [policyPrefix + name] });
  }

  #records(namespaceId: string): Records {
    return this.#recordsOf(namespaceId, 'sys/');
  }
}

/** One form only: a name is part of a path, and an asterisk would be a pattern to those who read policies. */
function checkName(name: string): void {
  checkCanonical(name);
  if (name.includes('*') || name.includes('+')) throw invalidRequest('a policy name cannot hold "*" or "+"');
  if (Buffer.byteLength(name) > longestName)
    throw invalidRequest(`a policy name cannot be longer than ${longestName} bytes`);
}

function checkText(name: string, text: string): void {
  try {
    parsePolicy(name, text);
  } catch (error) {
    if (error instanceof PolicyError)
      throw invalidRequest(error.message, error.hint === '' ? {} : { hint: error.hint });
    throw error;
  }
}

/** Vault's clients may send the text as base64. HCL and JSON policies always hold a space, a quote or a brace. */
function decodeBase64(text: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}\s*$/.test(text) || text.trim().length % 4 !== 0) return text;
  return Buffer.from(text.trim(), 'base64').toString();
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof StorageConflict)) throw error;
}
