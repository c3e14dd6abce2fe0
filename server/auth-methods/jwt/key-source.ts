import type { Clock } from '../../contracts/clock.ts';
import { fetchObject, isServiceUrl, OutboundError } from '../outbound-request.ts';
import {
  type Claims,
  candidates,
  JwtProblem,
  publicKeyOf,
  publishedKeys,
  readHeader,
  type TrustedKey,
  verifiedClaims,
} from '../signed-jwt.ts';
import type { ConfigRecord, JwksAddress } from './config-record.ts';

/** What a provider says of itself (OpenID Connect Discovery 1.0 section 3), as far as it is used here. */
export interface ProviderFacts {
  readonly issuer: string;
  readonly keysUrl: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly userinfoUrl: string;
  readonly algorithms: readonly string[];
  readonly isSecretInBody: boolean;
}

interface Fetched {
  readonly keys: readonly TrustedKey[];
  readonly facts?: ProviderFacts;
  readonly atMs: number;
}

/** Published keys are asked for again after so long; while their server is away they count for an hour. */
const freshMs = 5 * 60_000;
const longestMs = 60 * 60_000;
/** At most one extra question in this time, however many tokens come that no key fits. */
const betweenMs = 10_000;

/** The keys of one configuration. Lives as long as the cached record of that configuration. */
export class KeySource {
  readonly #config: ConfigRecord;
  readonly #clock: Clock;
  #fetched: Fetched | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<Fetched> | undefined;

  constructor(config: ConfigRecord, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Claims whose signature one of the keys verifies. Throws `JwtProblem`, or `OutboundError` when there are no keys to be had. */
  async verify(jwt: string, algorithms: readonly string[]): Promise<Claims> {
    const { alg, kid } = readHeader(jwt);
    if (!algorithms.includes(alg)) return verifiedClaims(jwt, [], algorithms);
    const { keys } = await this.#current();
    const isKnown = kid !== undefined && candidates(keys, alg, kid).length > 0;
    try {
      return await verifiedClaims(jwt, keys, algorithms);
    } catch (error) {
      if (!(error instanceof JwtProblem) || isKnown) throw error;
      const newer = await this.#again();
      if (!newer) throw error;
      return verifiedClaims(jwt, newer.keys, algorithms);
    }
  }

  /** Throws `OutboundError`. Undefined without discovery. */
  async facts(): Promise<ProviderFacts | undefined> {
    return this.#config.discovery.url === '' ? undefined : (await this.#current()).facts;
  }

  /** Throws `OutboundError` when the source does not answer now. */
  async check(): Promise<void> {
    await this.#current();
  }

  async #current(): Promise<Fetched> {
    const known = this.#fetched;
    const now = this.#clock.now();
    if (known && (this.#isStatic() || Math.abs(now - known.atMs) < freshMs)) return known;
    if (known && now - known.atMs < longestMs) {
      const newer = await this.#again().catch(() => undefined);
      return newer ?? known;
    }
    return this.#ask();
  }

  /** Undefined when it was asked only just now. */
  async #again(): Promise<Fetched | undefined> {
    if (this.#isStatic()) return undefined;
    if (!this.#asking && Math.abs(this.#clock.now() - this.#askedMs) < betweenMs) return undefined;
    return this.#ask();
  }

  #isStatic(): boolean {
    return this.#config.publicKeys.length > 0;
  }

  /** Those who ask at once share one answer. */
  #ask(): Promise<Fetched> {
    this.#asking ??= this.#fetch().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #fetch(): Promise<Fetched> {
    const { publicKeys, discovery, jwks, jwksPairs } = this.#config;
    this.#askedMs = this.#clock.now();
    const atMs = this.#askedMs;
    if (publicKeys.length > 0) {
      const keys = publicKeys.map(publicKeyOf).filter((key) => key !== undefined);
      this.#fetched = { keys, atMs };
    } else if (discovery.url !== '') {
      const facts = await this.#discover();
      this.#fetched = { keys: await this.#keysAt({ ...discovery, url: facts.keysUrl }), facts, atMs };
    } else {
      const addresses = jwks.url === '' ? jwksPairs : [jwks];
      const sets = await Promise.all(addresses.map((address) => this.#keysAt(address)));
      this.#fetched = { keys: sets.flat(), atMs };
    }
    return this.#fetched;
  }

  async #keysAt({ url, caPem }: JwksAddress): Promise<readonly TrustedKey[]> {
    const keys = publishedKeys(await fetchObject({ url, ca: caPem, serverNames: this.#config.serverNames }));
    if (!keys) throw new OutboundError('the answer is no set of keys');
    return keys;
  }

  async #discover(): Promise<ProviderFacts> {
    const { url, caPem } = this.#config.discovery;
    const found = await fetchObject({
      url: `${url.replace(/\/$/, '')}/.well-known/openid-configuration`,
      ca: caPem,
      serverNames: this.#config.serverNames,
    });
    const text = (name: string) => (typeof found[name] === 'string' ? found[name] : '');
    // Discovery 1.0 section 4.3: or any provider could speak for another.
    if (text('issuer') !== url)
      throw new OutboundError('the provider names another issuer than the one asked');
    const address = (name: string) => checkedAddress(text(name), url);
    const list = (name: string): readonly unknown[] => (Array.isArray(found[name]) ? found[name] : []);
    const methods = list('token_endpoint_auth_methods_supported');
    return {
      issuer: text('issuer'),
      keysUrl: address('jwks_uri'),
      authorizationUrl: address('authorization_endpoint'),
      tokenUrl: address('token_endpoint'),
      userinfoUrl: address('userinfo_endpoint'),
      algorithms: list('id_token_signing_alg_values_supported').filter((name) => typeof name === 'string'),
      isSecretInBody: methods.includes('client_secret_post') && !methods.includes('client_secret_basic'),
    };
  }
}

/** What was asked over TLS names nothing without it. */
function checkedAddress(address: string, issuer: string): string {
  if (address === '') return '';
  if (!isServiceUrl(address) || (issuer.startsWith('https:') && !address.startsWith('https:')))
    throw new OutboundError('the provider names an address that is no https URL');
  return address;
}
