import type { Policy } from './parse-policy.ts';
import { defaultPolicyName, responseWrappingPolicyName, rootPolicyName } from './policy-names.ts';

/** The one object that makes a root; it has no rules and no text. */
export const rootPolicy: Policy = { name: rootPolicyName, namespace: '', rules: [], isTemplated: false };

/** The text of `default` until an operator writes another: what every token may do with itself, as in Vault. */
export const defaultPolicyText = `# What every token may do, with itself and with what is its own.
# This policy can be changed, and cannot be deleted.

# Its own token: look at it, renew it, give it up.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# What it may do on a path, and everywhere.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
path "sys/internal/ui/resultant-acl" {
  capabilities = ["read"]
}

# Who it is.
path "identity/entity/id/{{identity.entity.id}}" {
  capabilities = ["read"]
}
path "identity/entity/name/{{identity.entity.name}}" {
  capabilities = ["read"]
}

# A lease whose id it knows: look at it, renew it.
path "sys/renew" {
  capabilities = ["update"]
}
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}

# Its own cubbyhole.
path "cubbyhole/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Values wrapped for a single use.
path "sys/wrapping/wrap" {
  capabilities = ["update"]
}
path "sys/wrapping/lookup" {
  capabilities = ["update"]
}
path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}

# Hashes of what it sends.
path "sys/tools/hash" {
  capabilities = ["update"]
}
path "sys/tools/hash/*" {
  capabilities = ["update"]
}

# The state of a request of its own that waits for approval.
path "sys/control-group/request" {
  capabilities = ["update"]
}

# Signing in to applications through the OIDC provider.
path "identity/oidc/provider/+/authorize" {
  capabilities = ["read", "update"]
}
`;

/** What a wrapping token may do: be unwrapped, which reads the response kept in its cubbyhole. */
export const responseWrappingPolicyText = `# Held by wrapping tokens. It cannot be changed.
path "cubbyhole/response" {
  capabilities = ["create", "read"]
}
path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}
`;

/** Name and text of the policies that every namespace begins with; `root` has no text. */
export const builtInPolicies: readonly (readonly [name: string, text: string])[] = [
  [defaultPolicyName, defaultPolicyText],
  [responseWrappingPolicyName, responseWrappingPolicyText],
];
