import { BlockList, isIPv4, isIPv6 } from 'node:net';

interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly isWhole: boolean;
}

/**
 * Addresses and CIDR blocks as Vault stores a token's: trimmed, and the mask of a single address left out.
 * The first that is neither is given back in place of the list, for the caller to refuse.
 */
export function normalizeRanges(
  texts: readonly string[],
): { readonly ranges: readonly string[] } | { readonly wrong: string } {
  const ranges: string[] = [];
  for (const text of texts) {
    const range = parseRange(text.trim());
    if (!range) return { wrong: text };
    ranges.push(range.isWhole ? range.address : `${range.address}/${range.bits}`);
  }
  return { ranges };
}

/** Whether `address` lies in one of `ranges`. No ranges allow every address; an address that cannot be read lies in none. */
export function isAddressAllowed(ranges: readonly string[], address: string): boolean {
  if (ranges.length === 0) return true;
  // The zone of a link-local address says where it was seen, not what it is.
  const [bare = ''] = address.split('%');
  const family = isIPv4(bare) ? 'ipv4' : isIPv6(bare) ? 'ipv6' : undefined;
  if (!family) return false;
  return blockList(ranges).check(bare, family);
}

/** Whether every address in `inner` lies in one range of `outer`. An empty `outer` holds everything. */
export function isSubsetOf(inner: readonly string[], outer: readonly string[]): boolean {
  if (outer.length === 0) return true;
  return inner.every((text) => {
    const range = parseRange(text);
    return range !== undefined && outer.some((other) => contains(other, range));
  });
}

function contains(outer: string, inner: AddressRange): boolean {
  const range = parseRange(outer);
  if (!range || range.family !== inner.family || range.bits > inner.bits) return false;
  return blockList([outer]).check(inner.address, inner.family);
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of ranges) {
    const range = parseRange(text);
    if (range) list.addSubnet(range.address, range.bits, range.family);
  }
  return list;
}

function parseRange(text: string): AddressRange | undefined {
  const [address = '', bitsText, ...rest] = text.split('/');
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  if (!family || rest.length > 0 || address.includes('%')) return undefined;
  const most = family === 'ipv4' ? 32 : 128;
  const bits = bitsText === undefined ? most : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bits < 0 || bits > most) return undefined;
  return { address, bits, family, isWhole: bits === most };
}
