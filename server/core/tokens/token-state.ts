import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { Stored } from '../../contracts/records.ts';
import type { Caller } from '../../contracts/request.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { TokenEntry } from './token-entry.ts';

/**
 * A valid token as the pipeline meets it. One object per stored entry, so that what is derived from it
 * (audit hashes, compiled policies) can be kept beside it by identity.
 */
export interface TokenState {
  readonly entry: TokenEntry;
  readonly digest: string;
  readonly namespace: Namespace;
  readonly caller: Caller;
  readonly allowsAddress: (address: string) => boolean;
  /** The record it came from; absent for batch tokens and for one that was just written. */
  readonly stored: Stored<TokenEntry> | undefined;
}

export function tokenState(
  entry: TokenEntry,
  digest: string,
  namespace: Namespace,
  stored?: Stored<TokenEntry>,
): TokenState {
  return {
    stored,
    entry,
    digest,
    namespace,
    caller: Object.freeze({
      tokenAccessor: entry.accessor,
      displayName: entry.displayName,
      entityId: entry.entityId,
      policies: entry.policies,
      tokenType: entry.type,
      metadata: entry.metadata ?? {},
      tokenHandle: digest,
      namespacePath: namespace.path,
      namespaceId: namespace.id,
    }),
    allowsAddress: addressCheck(entry.boundCidrs),
  };
}

/** For requests that carry no token. */
export const anonymous: Caller = Object.freeze({
  tokenAccessor: '',
  displayName: '',
  entityId: '',
  policies: Object.freeze([]),
  tokenType: 'none',
  metadata: Object.freeze({}),
  tokenHandle: '',
  namespacePath: '',
  namespaceId: '',
});

/** True for addresses inside one of `cidrs`; an empty list allows all, an address that cannot be read none. */
export function addressCheck(cidrs: readonly string[]): (address: string) => boolean {
  if (cidrs.length === 0) return () => true;
  const list = new BlockList();
  for (const cidr of cidrs) addCidr(list, cidr);
  return (address) =>
    isIPv4(address) ? list.check(address, 'ipv4') : isIPv6(address) ? list.check(address, 'ipv6') : false;
}

/** Throws unless `text` is an address or a CIDR block. */
export function parseCidr(text: string): {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
} {
  const [address = '', bitsText, ...rest] = text.split('/');
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  const most = family === 'ipv4' ? 32 : 128;
  const bits = bitsText === undefined ? most : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (!family || rest.length > 0 || bits < 0 || bits > most)
    throw new Error('not an address or a CIDR block');
  return { address, bits, family };
}

function addCidr(list: BlockList, cidr: string): void {
  const { address, bits, family } = parseCidr(cidr);
  list.addSubnet(address, bits, family);
}
