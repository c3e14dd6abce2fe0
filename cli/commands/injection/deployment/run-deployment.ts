import { readFileSync, statSync } from 'node:fs';
import type { CofferClient } from '../../../../sdk/client.ts';
import { ProblemError } from '../../../../sdk/problem.ts';
import { Failure, reasonOf } from '../../../failure.ts';
import { attempt, type Run } from '../../../run.ts';
import { workspaceClient } from '../../named-secrets/workspace.ts';
import { ChildProgram } from '../child-program.ts';
import { environmentWithoutTokens } from '../environment.ts';
import { pause, watchIntervalMs } from '../watching.ts';
import { type DeploymentSpec, type SecretMount, secretsOf } from './deployment-spec.ts';
import { MountedFiles } from './mounted-files.ts';
import { readSpec } from './read-spec.ts';
import { SpecEnvironment } from './spec-environment.ts';
import { projectionOf } from './spec-files.ts';
import { SpecSecrets } from './spec-secrets.ts';

const ending = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const largestSpecBytes = 1024 * 1024;

/** As `coffer run`, with what a deployment asks for. Its files are gone when it ends. */
export async function runDeployment(run: Run, file: string): Promise<number> {
  if (run.flags.given('only') || run.flags.given('tags'))
    throw new Failure(1, 'the spec says which secrets there are', 'Leave -only and -tags out.');
  const spec = readSpec(file, textOf(file), run.flags.text('container'));
  if (run.words.length === 0 && spec.command.length === 0)
    throw new Failure(1, `${file} has no command`, 'Give one after --.');
  for (const note of spec.passedOver) run.terminal.err(`coffer: ${note}\n`);
  const client = await workspaceClient(run);
  const secrets = await SpecSecrets.read(client, spec);
  if (spec.mounts.length === 0) return new Deployment(run, client, spec, undefined).lasts(secrets);
  // From here on a signal may not end us before the files are gone; the command gets it, and we end as it does.
  const held = () => undefined;
  for (const signal of ending) process.on(signal, held);
  const files = MountedFiles.create(process.env);
  try {
    run.terminal.err(
      files.isInMemory
        ? `coffer: the files are not at their mount paths but below $COFFER_MOUNTS, in memory: ${files.root}\n`
        : `coffer: the files are not at their mount paths but below $COFFER_MOUNTS, and ON DISK, since there is no file system in memory: ${files.root}\n`,
    );
    return await new Deployment(run, client, spec, files).lasts(secrets);
  } finally {
    files.remove();
    for (const signal of ending) process.off(signal, held);
  }
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > largestSpecBytes) throw new Failure(1, `${file} is larger than 1 MiB`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(1, `cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** A command with the environment and the files of a spec, kept up to date when asked to. */
class Deployment {
  readonly #run: Run;
  readonly #client: CofferClient;
  readonly #spec: DeploymentSpec;
  readonly #files: MountedFiles | undefined;
  #lastTrouble = '';

  constructor(run: Run, client: CofferClient, spec: DeploymentSpec, files: MountedFiles | undefined) {
    this.#run = run;
    this.#client = client;
    this.#spec = spec;
    this.#files = files;
  }

  async lasts(first: SpecSecrets): Promise<number> {
    this.#write(this.#spec.mounts, first);
    let child = this.#start(first);
    if (!this.#run.flags.on('watch')) return child.ended;
    const intervalMs = watchIntervalMs(this.#run);
    let versions = first.versions();
    for (;;) {
      const code = await Promise.race([child.ended, pause(intervalMs)]);
      if (code !== undefined) return code;
      const newer = await this.#newer(versions);
      if (newer === undefined) continue;
      const changed = new Set(newer.changed);
      this.#tell(`${newer.changed.join(', ')} changed`);
      versions = newer.secrets.versions();
      const inEnvironment = this.#spec.variables.some(
        (one) => one.kind !== 'value' && changed.has(one.secret),
      );
      if (inEnvironment) {
        const stopped = await child.stop();
        // The command was ended by somebody else meanwhile: that is its end.
        if (child.wasSignalled) return stopped;
      }
      this.#write(
        this.#spec.mounts.filter(({ volume }) => changed.has(volume.secret)),
        newer.secrets,
      );
      if (inEnvironment) child = this.#start(newer.secrets);
    }
  }

  #start(secrets: SpecSecrets): ChildProgram {
    const environment = SpecEnvironment.of(this.#spec, secrets, this.#files?.root);
    for (const note of environment.passedOver) this.#tell(`${note} cannot be the name of a variable`);
    const given = this.#run.words.length > 0 ? this.#run.words : environment.command(this.#spec);
    const [program = '', ...args] = given;
    const all = environmentWithoutTokens(this.#run);
    delete all['COFFER_MOUNTS'];
    for (const [name, text] of environment.variables) all[name] = text;
    const masked = this.#run.flags.on('mask')
      ? [...environment.secretTexts(), ...this.#fileTexts(secrets)]
      : undefined;
    return ChildProgram.start(program, args, all, masked);
  }

  #write(mounts: readonly SecretMount[], secrets: SpecSecrets): void {
    for (const mount of mounts) {
      const projection = projectionOf(mount, secrets);
      if (projection !== undefined) this.#files?.write(projection);
    }
  }

  #fileTexts(secrets: SpecSecrets): string[] {
    return this.#spec.mounts.flatMap((mount) => {
      const projection = projectionOf(mount, secrets);
      if (projection === undefined) return [];
      const files = 'file' in projection ? [projection.file] : [...projection.files.values()];
      return files.map(({ bytes }) => bytes.toString('utf8'));
    });
  }

  /** Undefined when nothing changed, or nobody can tell now: the command goes on with what it has. */
  async #newer(before: ReadonlyMap<string, number>) {
    try {
      const changed: string[] = [];
      for (const name of secretsOf(this.#spec))
        if ((await this.#versionOf(name)) !== before.get(name)) changed.push(name);
      if (changed.length === 0) return undefined;
      const secrets = await SpecSecrets.read(this.#client, this.#spec);
      // What cannot be given must be known before the command is stopped.
      SpecEnvironment.of(this.#spec, secrets, this.#files?.root);
      for (const mount of this.#spec.mounts) projectionOf(mount, secrets);
      return { changed: changed.sort(), secrets };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.message !== this.#lastTrouble) this.#tell(`cannot take new versions: ${error.message}`);
      this.#lastTrouble = error.message;
      return undefined;
    }
  }

  /** Undefined when there is no such secret. */
  async #versionOf(name: string): Promise<unknown> {
    return attempt('Error looking for new versions', async () => {
      try {
        return (await this.#client.platform('GET', `secrets/${name}`))['version'];
      } catch (error) {
        if (error instanceof ProblemError && error.status === 404) return undefined;
        throw error;
      }
    });
  }

  #tell(message: string): void {
    this.#run.terminal.err(`coffer: ${message}\n`);
  }
}
