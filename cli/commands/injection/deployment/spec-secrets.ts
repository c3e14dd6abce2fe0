import type { CofferClient } from '../../../../sdk/client.ts';
import { Failure } from '../../../failure.ts';
import { type ReadSecret, readSecrets } from '../read-secrets.ts';
import { type DeploymentSpec, type SecretReference, secretsOf } from './deployment-spec.ts';

/** The secrets of a spec as they were at one moment. */
export class SpecSecrets {
  readonly #found: ReadonlyMap<string, ReadSecret>;

  private constructor(found: ReadonlyMap<string, ReadSecret>) {
    this.#found = found;
  }

  /**
   * Reads what the spec names and nothing else, at once. Throws `Failure` for a secret that is not there, unless every
   * place that names it says `optional`; and always for one that may not be read, or is expired.
   */
  static async read(client: CofferClient, spec: DeploymentSpec): Promise<SpecSecrets> {
    const names = secretsOf(spec);
    const { found, refused } = await readSecrets(client, names);
    const lines: string[] = [];
    for (const { secret, optional, place } of referencesOf(spec)) {
      const error = refused.get(secret);
      if (error !== undefined && !(error.isMissing && optional)) lines.push(`${place}: ${error.detail}`);
    }
    if (lines.length > 0) throw new Failure(2, [...new Set(lines)].join('\n'));
    return new SpecSecrets(found);
  }

  /** Undefined when it is optional and not there. */
  find(name: string): ReadSecret | undefined {
    return this.#found.get(name);
  }

  versions(): Map<string, number> {
    return new Map([...this.#found].map(([name, { version }]) => [name, version]));
  }
}

function referencesOf(spec: DeploymentSpec): SecretReference[] {
  const named = spec.variables.flatMap((variable) => (variable.kind === 'value' ? [] : [variable]));
  return [...named, ...spec.mounts.map(({ volume }) => volume)];
}

/** The keys of a secret that is an object; of any other, `value`. */
export function keysOf(secret: ReadSecret): string[] {
  const { value } = secret;
  if (!isObject(value)) return ['value'];
  const own = Object.keys(value);
  return secret.url === undefined || own.includes('url') ? own : [...own, 'url'];
}

/** What a key holds: a text as it is, anything else as JSON. Undefined when there is no such key. */
export function textAt(secret: ReadSecret, key: string): string | undefined {
  if (!keysOf(secret).includes(key)) return undefined;
  const { value } = secret;
  if (!isObject(value)) return secret.text;
  const part = Object.hasOwn(value, key) ? value[key] : secret.url;
  return typeof part === 'string' ? part : JSON.stringify(part);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
