import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { ListenerConfiguration } from '../configuration/configuration.ts';
import { plainAddress } from '../configuration/trusted-addresses.ts';
import type { Connection } from '../server-contract.ts';

/** One connection of a listener, and the request that it is serving. */
export class ConnectionState implements Connection {
  readonly listener: ListenerConfiguration;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly socket: Socket;
  /** The answer being made, or the last one. */
  response: ServerResponse | undefined;
  request: IncomingMessage | undefined;
  startedMs = 0;
  #onClosing: (() => void) | undefined;
  #certificates: readonly Uint8Array[] | undefined;

  constructor(listener: ListenerConfiguration, socket: Socket) {
    this.listener = listener;
    this.socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
  }

  /** Read when first asked for: most requests never ask. */
  get clientCertificates(): readonly Uint8Array[] {
    this.#certificates ??= this.socket instanceof TLSSocket ? certificatesOf(this.socket) : [];
    return this.#certificates;
  }

  /** Answers before the last that are not all sent yet: the client has not waited for them (pipelining). */
  #earlier: ServerResponse[] = [];

  begin(request: IncomingMessage, response: ServerResponse, nowMs: number): void {
    if (this.response && !isSent(this.response)) this.#earlier.push(this.response);
    this.request = request;
    this.response = response;
    this.startedMs = nowMs;
  }

  /** Every answer that is not all sent yet. */
  get unsent(): readonly ServerResponse[] {
    this.#earlier = this.#earlier.filter((response) => !isSent(response));
    return this.response && !isSent(this.response) ? [...this.#earlier, this.response] : this.#earlier;
  }

  keepOpen(onClosing: () => void): void {
    this.#onClosing = onClosing;
    this.socket.setTimeout(0);
  }

  get isKeptOpen(): boolean {
    return this.#onClosing !== undefined;
  }

  tellClosing(): void {
    this.#onClosing?.();
  }

  get isBusy(): boolean {
    return this.response !== undefined && !this.response.writableEnded && !this.response.destroyed;
  }
}

function isSent(response: ServerResponse): boolean {
  return response.writableFinished || response.destroyed;
}

/** More than a chain ever has; a peer decides how many it sends. */
const mostCertificates = 10;

function certificatesOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<string>();
  let next: Partial<PeerCertificate> & { issuerCertificate?: PeerCertificate } =
    socket.getPeerCertificate(true);
  while (next?.raw && chain.length < mostCertificates && !seen.has(next.fingerprint256 ?? '')) {
    chain.push(next.raw);
    seen.add(next.fingerprint256 ?? '');
    // A self-signed certificate is its own issuer.
    if (!next.issuerCertificate) break;
    next = next.issuerCertificate;
  }
  return chain;
}
