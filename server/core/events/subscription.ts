import type { Acl } from '../policies/acl.ts';
import type { LiveStream } from '../streams/live-streams.ts';
import { matchesGlob } from './glob.ts';
import type { PublishedEvent } from './published-event.ts';

export interface SubscriptionParts {
  readonly stream: LiveStream;
  /** What was asked for; decided in the publisher's turn. */
  readonly wants: (event: PublishedEvent) => boolean;
  readonly encode: (event: PublishedEvent) => string | Uint8Array;
}

const mostWaitingEvents = 10_000;
const mostWaitingBytes = 4 * 1024 * 1024;
const batchSize = 100;

/**
 * One subscriber: events wait here until the token has been looked at once more, so that nothing is sent on a token that
 * has ended anywhere. Who does not keep up is cut off instead of being remembered for.
 */
export class Subscription {
  readonly #parts: SubscriptionParts;
  #waiting: PublishedEvent[] = [];
  #isSending = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  /** In the publisher's turn. */
  offer(event: PublishedEvent): void {
    const { stream, wants } = this.#parts;
    if (stream.isOver || !wants(event)) return;
    if (this.#waiting.length >= mostWaitingEvents) {
      this.#waiting = [];
      stream.end('too-slow', 'the subscriber does not keep up');
      return;
    }
    this.#waiting.push(event);
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    const { stream, encode } = this.#parts;
    this.#isSending = true;
    while (this.#waiting.length > 0 && !stream.isOver) {
      const acl = await stream.admit();
      const batch = this.#waiting.splice(0, batchSize);
      if (!acl) break;
      for (const event of batch) if (mayReceive(acl, event)) stream.send(encode(event));
      if (stream.waitingBytes > mostWaitingBytes) stream.end('too-slow', 'the subscriber does not keep up');
    }
    if (stream.isOver) this.#waiting = [];
    this.#isSending = false;
  }
}

/** As Vault: `list` and `subscribe` on the path, for this type of event. */
function mayReceive(acl: Acl, event: PublishedEvent): boolean {
  if (acl.isRoot) return true;
  if (event.accessPath === '') return false;
  return acl.eventTypes(event.accessPath, event.namespace.path).some((glob) => matchesGlob(glob, event.type));
}
