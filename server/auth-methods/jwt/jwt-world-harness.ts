import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { ManualClock } from '../../contracts/clock.ts';

export interface Signer {
  readonly privateKey: Parameters<SignJWT['sign']>[0];
  readonly jwk: JWK;
  readonly alg: string;
}

export async function newSigner(kid: string, alg = 'RS256'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, alg };
}

/** An issuer on loopback: discovery and published keys, with what it serves in the hands of the test. */
export class Issuer {
  readonly clock = new ManualClock(Date.UTC(2026, 5, 1));
  keys: readonly JWK[] = [];
  /** How often its keys were asked for. */
  asked = 0;
  /** Answers every request with this status instead. */
  broken: number | undefined;
  issuer = '';
  /** What the token endpoint says to every code. */
  answerToken: () => Promise<object> = async () => ({});
  userinfo: Readonly<Record<string, unknown>> = { sub: 'alice' };
  #server: Server | undefined;

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      if (this.broken !== undefined) {
        response.writeHead(this.broken, { location: `${this.url}/jwks` }).end('{"secret":"answer"}');
        return;
      }
      if (request.url === '/token') {
        void this.answerToken().then((answer) => response.end(JSON.stringify(answer)));
      } else if (request.url === '/userinfo') response.end(JSON.stringify(this.userinfo));
      else if (request.url === '/jwks') {
        this.asked++;
        response.end(JSON.stringify({ keys: this.keys }));
      } else response.end(JSON.stringify(this.#facts()));
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    const address = this.#server?.address();
    if (!address || typeof address === 'string') throw new Error('the issuer has not started');
    return `http://127.0.0.1:${address.port}`;
  }

  /** A token of an ordinary kind with `claims` changed; undefined leaves one out. */
  async token(signer: Signer, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const now = Math.floor(this.clock.now() / 1000);
    const all = { iss: this.url, sub: 'alice', aud: 'coffer', iat: now, exp: now + 600, ...claims };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new SignJWT(given)
      .setProtectedHeader({ alg: signer.alg, ...(signer.jwk.kid ? { kid: signer.jwk.kid } : {}) })
      .sign(signer.privateKey);
  }

  #facts(): object {
    return {
      issuer: this.issuer || this.url,
      jwks_uri: `${this.url}/jwks`,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      userinfo_endpoint: `${this.url}/userinfo`,
      id_token_signing_alg_values_supported: ['RS256', 'none'],
    };
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}
