import { isIPv4, isIPv6 } from 'node:net';
import { invalidRequest } from '../../contracts/errors.ts';

/** Addresses and CIDR blocks, with the mask of a single address left out as Vault shows it. */
export function checkCidrs(cidrs: readonly string[]): string[] {
  return cidrs.map((cidr) => {
    const [address = '', bits, ...rest] = cidr.split('/');
    const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (most < 0 || rest.length > 0 || length < 0 || length > most)
      throw invalidRequest('a bound CIDR is not an address or a CIDR block', {
        hint: 'For example 10.0.0.0/8 or 2001:db8::1.',
      });
    return length === most ? address : `${address}/${length}`;
  });
}
