import type { CofferClient } from '../../../sdk/client.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run } from '../../run.ts';
import { workspaceClient } from '../named-secrets/workspace.ts';

/** One secret as a process or a file gets it. */
export interface ChosenSecret {
  readonly name: string;
  readonly version: number;
  /** A text as it is; database credentials as their URL; anything else as JSON. */
  readonly text: string;
}

const atOnce = 100;

/** The secrets that -only and -tags choose of the workspace, by name. */
export class SecretChoice {
  readonly #run: Run;
  readonly #client: CofferClient;

  private constructor(run: Run, client: CofferClient) {
    this.#run = run;
    this.#client = client;
  }

  static async of(run: Run): Promise<SecretChoice> {
    return new SecretChoice(run, await workspaceClient(run));
  }

  /**
   * Names with versions, without values. Expired and deleted secrets are passed over, but not those that -only
   * names: they are refused when they are read.
   */
  async versions(): Promise<ReadonlyMap<string, number>> {
    const only = this.#run.flags
      .list('only')
      ?.flatMap((names) => names.split(','))
      .filter((name) => name !== '');
    const tags = this.#run.flags.list('tags');
    const listed = await attempt('Error listing secrets', () =>
      this.#client.secrets.list(tags ? { tag: tags.join(',') } : {}),
    );
    if (only === undefined) {
      const usable = listed.filter(({ expired, deleted }) => !expired && !deleted);
      return new Map(usable.map(({ name, version }) => [name, version]));
    }
    const known = new Map(listed.map(({ name, version }) => [name, version]));
    const missing = only.filter((name) => !known.has(name));
    if (missing.length > 0)
      throw new Failure(
        1,
        `no such secret in the workspace: ${missing.join(', ')}`,
        'secrets:list shows those there are.',
      );
    return new Map(only.map((name) => [name, known.get(name) ?? 0]));
  }

  async read(): Promise<ChosenSecret[]> {
    const names = [...(await this.versions()).keys()].sort();
    const found: ChosenSecret[] = [];
    for (let at = 0; at < names.length; at += atOnce) {
      const answer = await attempt('Error reading secrets', () =>
        this.#client.platform('POST', 'secrets:batch-get', { body: { names: names.slice(at, at + atOnce) } }),
      );
      refuseErrors(answer['errors']);
      for (const [name, secret] of Object.entries(recordOf(answer['secrets']))) {
        const parts = recordOf(secret);
        found.push({ name, version: Number(parts['version']), text: textOf(parts) });
      }
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function refuseErrors(errors: unknown): void {
  const refused = Object.entries(recordOf(errors));
  if (refused.length === 0) return;
  const lines = refused.map(([name, error]) => `${name}: ${String(recordOf(error)['detail'] ?? 'refused')}`);
  throw new Failure(
    2,
    `these secrets cannot be read:\n  ${lines.sort().join('\n  ')}`,
    '-only chooses others.',
  );
}

function textOf(secret: Readonly<Record<string, unknown>>): string {
  const { url, value } = secret;
  if (typeof url === 'string') return url;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
