import type { CofferClient } from '../../../sdk/client.ts';
import { attempt } from '../../run.ts';

/** A secret with its value. */
export interface ReadSecret {
  readonly name: string;
  readonly version: number;
  readonly type: string;
  readonly value: unknown;
  /** Of database credentials that have all their parts. */
  readonly url: string | undefined;
  /** A text as it is; database credentials as their URL; anything else as JSON. */
  readonly text: string;
}

export interface RefusedSecret {
  readonly detail: string;
  readonly isMissing: boolean;
}

export interface ReadSecrets {
  readonly found: ReadonlyMap<string, ReadSecret>;
  readonly refused: ReadonlyMap<string, RefusedSecret>;
}

const atOnce = 100;

/** Reads secrets of the client's workspace by name, a hundred in a request. */
export async function readSecrets(client: CofferClient, names: readonly string[]): Promise<ReadSecrets> {
  const found = new Map<string, ReadSecret>();
  const refused = new Map<string, RefusedSecret>();
  for (let at = 0; at < names.length; at += atOnce) {
    const answer = await attempt('Error reading secrets', () =>
      client.platform('POST', 'secrets:batch-get', { body: { names: names.slice(at, at + atOnce) } }),
    );
    for (const [name, error] of Object.entries(recordOf(answer['errors']))) {
      const { detail, status } = recordOf(error);
      refused.set(name, { detail: String(detail || 'it may not be read'), isMissing: status === 404 });
    }
    for (const [name, secret] of Object.entries(recordOf(answer['secrets'])))
      found.set(name, readSecret(name, recordOf(secret)));
  }
  return { found, refused };
}

function readSecret(name: string, parts: Readonly<Record<string, unknown>>): ReadSecret {
  const { value } = parts;
  const url = typeof parts['url'] === 'string' ? parts['url'] : undefined;
  const text = url ?? (typeof value === 'string' ? value : JSON.stringify(value));
  return { name, version: Number(parts['version']), type: String(parts['type']), value, url, text };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
