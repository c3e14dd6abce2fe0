import { HclError, readHcl } from '../hcl/index.ts';
import { parseRule, refuseUnknownKeys } from './parse-rule.ts';
import type { Policy } from './policy.ts';
import { PolicyError } from './policy.ts';

/**
 * Reads the text of an ACL policy, HCL1 or JSON, with Vault's checks and wording. A `name` in the text is
 * accepted and means nothing: the policy has the name it is stored under. `namespace` is the path of the one
 * that holds it, empty for root, else ending in `/`. Throws `PolicyError`.
 */
export function parsePolicy(name: string, text: string, namespace = ''): Policy {
  try {
    const root = readHcl(text);
    refuseUnknownKeys(root, ['name', 'path'], '');
    const rules = root.blocks('path', 1).map(parseRule);
    return {
      name: name.toLowerCase(),
      namespace,
      rules,
      isTemplated: rules.some((rule) => rule.isTemplated),
    };
  } catch (error) {
    if (error instanceof HclError) throw new PolicyError(error.message, error, error.hint);
    throw error;
  }
}
