import type { Access } from '../policies/access.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { IdentityPartsOptions } from './identity-parts.ts';

/** Asks the policies of a caller about another path than the one that they let it in by. */
export function allowsToo(tokens: TokenStore, access: Access): IdentityPartsOptions['mayUse'] {
  return async ({ caller, operation, namespace }, path) => {
    const state = await tokens.ofCaller(caller);
    if (!state) return false;
    const asked = { operation, namespace: namespace.path, path, sudo: false };
    return (await access.of(state)).decide(asked).allowed;
  };
}
