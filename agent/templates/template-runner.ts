import { spawn } from 'node:child_process';
import type { CommandSettings, TemplateSettings } from '../configuration/configuration.ts';
import { AgentFailure, sentence } from '../failure.ts';
import type { AgentLog } from '../log.ts';
import { pause } from '../pause.ts';
import { idOf, writeWhole } from '../write-file.ts';
import { Rendering } from './rendering.ts';
import type { SecretStore } from './secret-store.ts';

/** Renders to files, and again whenever something they used has changed. */
export class TemplateRunner {
  readonly #jobs: readonly Job[];
  readonly #signal: AbortSignal;
  /** A rendering has ended: what it does not use any more may be forgotten. */
  onRendered: () => void = () => {};

  constructor(
    templates: readonly TemplateSettings[],
    store: SecretStore,
    environment: NodeJS.ProcessEnv,
    log: AgentLog,
    signal: AbortSignal,
  ) {
    this.#jobs = templates.map(
      (template) => new Job(template, new Rendering(template, store, environment), environment, log),
    );
    this.#signal = signal;
  }

  get used(): readonly string[] {
    return this.#jobs.flatMap((job) => [...job.rendering.used]);
  }

  /** Renders every template once. Rejects with `AgentFailure` for one that can never be rendered. */
  async renderAll(): Promise<void> {
    await Promise.all(this.#jobs.map((job) => job.run(this.#signal, true)));
    this.onRendered();
  }

  /** A secret has changed. */
  changed(key: string): void {
    for (const job of this.#jobs)
      if (job.rendering.used.has(key)) void job.changed(this.#signal).then(() => this.onRendered());
  }
}

class Job {
  readonly rendering: Rendering;
  readonly #template: TemplateSettings;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: AgentLog;
  /** One rendering at a time, so that an older text never follows a newer one. */
  #last: Promise<void> = Promise.resolve();
  #waiting: { until: number; again: AbortController } | undefined;

  constructor(
    template: TemplateSettings,
    rendering: Rendering,
    environment: NodeJS.ProcessEnv,
    log: AgentLog,
  ) {
    this.#template = template;
    this.rendering = rendering;
    this.#environment = environment;
    this.#log = log;
  }

  async changed(signal: AbortSignal): Promise<void> {
    if (this.#waiting) {
      this.#waiting.again.abort();
      return;
    }
    const { wait } = this.#template;
    if (wait) {
      const until = Date.now() + wait.maxSeconds * 1000;
      let isQuiet = false;
      while (!isQuiet && Date.now() < until && !signal.aborted) {
        this.#waiting = { until, again: new AbortController() };
        const seconds = Math.min(wait.minSeconds, Math.max(0, (until - Date.now()) / 1000));
        isQuiet = await pause(seconds, AbortSignal.any([signal, this.#waiting.again.signal]));
      }
      this.#waiting = undefined;
    }
    await this.run(signal, false);
  }

  async run(signal: AbortSignal, isFirst: boolean): Promise<void> {
    const next = this.#last.then(() => this.#render(signal, isFirst));
    this.#last = next.catch(() => {});
    return next;
  }

  async #render(signal: AbortSignal, isFirst: boolean): Promise<void> {
    const { destination, mode, createsFolders, keepsBackup, command } = this.#template;
    try {
      const text = await this.rendering.render(signal);
      if (text === undefined || signal.aborted) return;
      const written = await writeWhole(destination, text, {
        mode,
        uid: await idOf('user', this.#template.user),
        gid: await idOf('group', this.#template.group),
        createsFolders,
        keepsBackup,
      });
      if (!written) return;
      this.#log.info(`rendered ${destination}`);
      if (command) await this.#runCommand(command, signal);
    } catch (error) {
      const failure = new AgentFailure(`${destination} not rendered: ${sentence(error)}`);
      // Later, what was rendered before stays; at the beginning nobody would have anything.
      if (isFirst) throw failure;
      this.#log.error(failure.message);
    }
  }

  async #runCommand({ command, timeoutSeconds }: CommandSettings, signal: AbortSignal): Promise<void> {
    const [program = '', ...args] = command;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const child = spawn(program, args, {
      env: this.#environment,
      stdio: ['ignore', 'inherit', 'inherit'],
      signal,
      ...(timeoutSeconds > 0 ? { timeout: timeoutSeconds * 1000, killSignal: 'SIGKILL' as const } : {}),
    });
    child.on('error', (error) => resolve('code' in error ? String(error.code) : 'not started'));
    child.on('exit', (code, killedBy) => resolve(code === 0 ? undefined : `${killedBy ?? `exit ${code}`}`));
    const problem = await promise;
    if (problem !== undefined)
      this.#log.error(`the command after ${this.#template.destination} failed: ${problem}`);
  }
}
