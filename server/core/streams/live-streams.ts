import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { StreamEnd, StreamSink } from '../../contracts/streams.ts';
import type { Access } from '../policies/access.ts';
import type { Acl, AclRequest } from '../policies/acl.ts';
import type { TokenStore } from '../tokens/token-store.ts';

export interface LiveStreamsDependencies {
  readonly tokenStore: TokenStore;
  readonly access: Access;
  readonly clock: Clock;
  readonly isUnsealed: () => boolean;
  /** Resolves when caches reflect every commit acknowledged before the call. */
  readonly freshen: () => Promise<void>;
}

/** What a stream was let in with, and is asked for again as long as it lasts. */
export interface Admission {
  readonly token: string;
  readonly remoteAddress: string;
  readonly request: AclRequest;
}

const mostStreams = 1000;
const mostPerToken = 100;
const checkEveryMs = 5000;

/**
 * Every stream that is open, with the token that opened it. A stream ends when its token does, however that happens
 * (revoked on any node, expired, its policies or entity changed), and when the server seals.
 */
export class LiveStreams {
  readonly #deps: LiveStreamsDependencies;
  readonly #open = new Set<LiveStream>();
  /** Of the tokens that opened them, with how many each has. */
  readonly #tokens = new Map<string, number>();
  #checksSoon = false;

  constructor(deps: LiveStreamsDependencies) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Throws 'rate-limited' when there are too many already, altogether or of this token. */
  checkRoom(token: string): void {
    if (!this.#hasRoom(token))
      throw new CofferError('rate-limited', 'too many streams are open', {
        hint: `There can be ${mostPerToken} for each token, and ${mostStreams} altogether.`,
      });
  }

  /** `ended` is called once, whoever ends it. Undefined when there is no room any more; then the sink has ended. */
  open(sink: StreamSink, admission: Admission, ended: () => void): LiveStream | undefined {
    if (!this.#deps.isUnsealed()) {
      sink.end('going-away', 'the server is sealed');
      return undefined;
    }
    if (!this.#hasRoom(admission.token)) {
      sink.end('too-slow', 'too many streams are open');
      return undefined;
    }
    const digest = this.#deps.tokenStore.digest(admission.token);
    const stream = new LiveStream(this.#deps, sink, admission, () => {
      this.#open.delete(stream);
      this.#count(digest, -1);
      ended();
    });
    this.#open.add(stream);
    this.#count(digest, 1);
    stream.watch();
    return stream;
  }

  /** Told of every changed storage key, the last segment of a token's being its digest. Nobody waits for what follows. */
  changed(keys: readonly string[] | 'all'): void {
    if (this.#open.size === 0 || this.#checksSoon) return;
    if (keys !== 'all' && !keys.some((key) => this.#tokens.has(key.slice(key.lastIndexOf('/') + 1)))) return;
    this.#checksSoon = true;
    setImmediate(() => {
      this.#checksSoon = false;
      for (const stream of this.#open) void stream.admit();
    });
  }

  /** The server seals or stops. */
  endAll(): void {
    for (const stream of [...this.#open]) stream.end('going-away', 'the server is sealed or stops');
  }

  #hasRoom(token: string): boolean {
    if (this.#open.size >= mostStreams) return false;
    return (this.#tokens.get(this.#deps.tokenStore.digest(token)) ?? 0) < mostPerToken;
  }

  #count(digest: string, change: 1 | -1): void {
    const count = (this.#tokens.get(digest) ?? 0) + change;
    if (count > 0) this.#tokens.set(digest, count);
    else this.#tokens.delete(digest);
  }
}

/** One open stream. */
export class LiveStream {
  readonly #deps: LiveStreamsDependencies;
  readonly #sink: StreamSink;
  readonly #admission: Admission;
  readonly #ended: () => void;
  #isOver = false;
  #cancelWatch = (): void => {};

  constructor(deps: LiveStreamsDependencies, sink: StreamSink, admission: Admission, ended: () => void) {
    this.#deps = deps;
    this.#sink = sink;
    this.#admission = admission;
    this.#ended = ended;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get waitingBytes(): number {
    return this.#sink.waitingBytes;
  }

  send(message: string | Uint8Array): void {
    if (!this.#isOver) this.#sink.send(message);
  }

  /** The peer has gone. */
  gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelWatch();
    this.#ended();
  }

  end(why: StreamEnd, text: string): void {
    if (this.#isOver) return;
    this.gone();
    this.#sink.end(why, text);
  }

  /** What the token may do now. Ends the stream, and answers undefined, when it is no longer let in. */
  async admit(): Promise<Acl | undefined> {
    const { acl } = await this.#look();
    if (!acl) this.end('refused', 'the token is no longer valid for this');
    return this.#isOver ? undefined : acl;
  }

  /** Looks again now and then, and when the token expires. */
  watch(): void {
    void this.#look().then(({ acl, expiresMs }) => {
      if (!acl) this.end('refused', 'the token is no longer valid for this');
      if (this.#isOver) return;
      const { clock } = this.#deps;
      const leftMs = expiresMs > 0 ? expiresMs - clock.now() : checkEveryMs;
      this.#cancelWatch = clock.after(Math.max(1, Math.min(leftMs, checkEveryMs)), () => this.watch());
    });
  }

  async #look(): Promise<{ readonly acl: Acl | undefined; readonly expiresMs: number }> {
    const { tokenStore, access, freshen, isUnsealed } = this.#deps;
    const { token, request, remoteAddress } = this.#admission;
    const refused = { acl: undefined, expiresMs: 0 };
    try {
      if (!isUnsealed()) return refused;
      await freshen();
      const state = await tokenStore.find(token);
      if (!state?.allowsAddress(remoteAddress)) return refused;
      const acl = await access.of(state);
      return acl.decide(request).allowed ? { acl, expiresMs: state.entry.expiresMs } : refused;
    } catch {
      // Whatever it is (sealed meanwhile, a disabled entity, the store away): who cannot be checked is not let in.
      return refused;
    }
  }
}
