import type { CofferClient } from '../../../sdk/client.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run } from '../../run.ts';
import { workspaceClient } from '../named-secrets/workspace.ts';
import { type RefusedSecret, readSecrets } from './read-secrets.ts';

/** One secret as a process or a file gets it. */
export interface ChosenSecret {
  readonly name: string;
  readonly version: number;
  /** A text as it is; database credentials as their URL; anything else as JSON. */
  readonly text: string;
}

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
    const { found, refused } = await readSecrets(this.#client, names);
    refuseErrors(refused);
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function refuseErrors(refused: ReadonlyMap<string, RefusedSecret>): void {
  if (refused.size === 0) return;
  const lines = [...refused].map(([name, { detail }]) => `${name}: ${detail}`);
  throw new Failure(
    2,
    `these secrets cannot be read:\n  ${lines.sort().join('\n  ')}`,
    '-only chooses others.',
  );
}
