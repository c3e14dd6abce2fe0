import type { TokenAddress } from './token-entry.ts';

/** Keys below a namespace's `sys/`. Digests and ids only: a reader of the store learns no token from them. */
export const tokenKey = (digest: string) => `token/${digest}`;
export const accessorKey = (accessor: string) => `accessor/${accessor}`;

/** Index of a token's children, in its own namespace; they may live in others. */
export const childPrefix = (parentDigest: string) => `token-child/${parentDigest}/`;
export const childKey = (parent: TokenAddress, child: TokenAddress) =>
  `${childPrefix(parent.digest)}${child.namespaceId}.${child.digest}`;

export function parseChild(name: string): TokenAddress {
  const dot = name.indexOf('.');
  return { namespaceId: name.slice(0, dot), digest: name.slice(dot + 1) };
}

/** Index of tokens that end by themselves under the path that made them, for revocation by prefix. */
export const issuedPrefix = 'token-issued/';
export const issuedKey = (path: string, digest: string) => `${issuedPrefix}${path}/${digest}`;

/** A revocation that is under way. */
export const revokingPrefix = 'revoking/';
export const revokingKey = (digest: string) => `${revokingPrefix}${digest}`;

/** What a lease id, accessor or token may name as its namespace. */
const namespaceId = /^(?:root|[A-Za-z0-9]{1,16})$/;
const digestForm = /^[0-9a-f]{64}$/;
const accessorForm = /^[A-Za-z0-9_-]{1,128}(?:\.[A-Za-z0-9]{1,16})?$/;

export function isNamespaceId(text: string): boolean {
  return namespaceId.test(text);
}

/** Whether `text` could be an accessor at all: it comes from outside, and becomes part of a storage key. */
export function isAccessor(text: string): boolean {
  return accessorForm.test(text);
}

/** Whether `text` could be the digest of a token, where it comes from outside as the end of a lease id. */
export function isDigest(text: string): boolean {
  return digestForm.test(text);
}

export function sameToken(a: TokenAddress, b: TokenAddress): boolean {
  return a.digest === b.digest && a.namespaceId === b.namespaceId;
}

export function idOf({ namespaceId: id, digest }: TokenAddress): string {
  return `${id}.${digest}`;
}
