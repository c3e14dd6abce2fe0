import { type BlockList, isIP } from 'node:net';
import type { ForwardedForConfiguration } from '../configuration/configuration.ts';
import { isListed, parseBlockList, plainAddress } from '../configuration/trusted-addresses.ts';

/** The client's address, or why the request is refused (HTTP 400). Never repeats the header. */
export type ForwardedAddress =
  | { readonly address: string; readonly isForwarded: boolean }
  | { readonly refused: string };

/**
 * Vault's rule for `X-Forwarded-For`: a peer that is a configured proxy is believed, and the client is the
 * last address in the header after skipping our own hops. Any other peer's header is refused or ignored.
 */
export function createForwardedFor(
  rule: ForwardedForConfiguration,
): (peer: string, header: string | readonly string[] | undefined) => ForwardedAddress {
  const authorized: BlockList | undefined = parseBlockList(rule.authorizedAddresses);
  if (!authorized) throw new Error('x_forwarded_for_authorized_addrs holds something that is no address');
  return (peer, header) => {
    const text = typeof header === 'string' ? header : header?.join(',');
    if (text === undefined) {
      if (rule.rejectNotPresent) return { refused: 'missing X-Forwarded-For, which this listener requires' };
      return { address: peer, isForwarded: false };
    }
    if (!isListed(authorized, peer)) {
      if (rule.rejectNotAuthorized) return { refused: 'this address may not send X-Forwarded-For' };
      return { address: peer, isForwarded: false };
    }
    const hops = text.split(',').map((hop) => hop.trim());
    const client = hops[hops.length - 1 - rule.hopSkips];
    if (client === undefined) return { refused: 'X-Forwarded-For has fewer addresses than hops to skip' };
    const address = addressOf(client);
    return address === undefined
      ? { refused: 'X-Forwarded-For has something that is no address' }
      : { address: plainAddress(address), isForwarded: true };
  };
}

/** An address as proxies write it: bare, or with a port, or in brackets. */
function addressOf(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  return isIP(address) === 0 ? undefined : address;
}
