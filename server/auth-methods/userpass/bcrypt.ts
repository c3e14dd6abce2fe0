/**
 * bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme", USENIX 1999), only to check hashes that
 * were made elsewhere: what Coffer makes is Argon2id.
 */
export interface BcryptHash {
  /** Binary logarithm of the rounds. */
  readonly cost: number;
  /** In the usual form, `$2b$…`. */
  readonly text: string;
}

const form = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/** Undefined for what is not a bcrypt hash of the variants 2a, 2b and 2y. */
export function parseBcryptHash(text: string): BcryptHash | undefined {
  const found = form.exec(text);
  return found ? { cost: Number(found[1]), text } : undefined;
}
