import { type ChildProcess, spawn } from 'node:child_process';
import type { EnvTemplateSettings, ExecSettings } from '../configuration/configuration.ts';
import { AgentFailure, sentence } from '../failure.ts';
import type { AgentLog } from '../log.ts';
import { pause } from '../pause.ts';
import { Rendering } from '../templates/rendering.ts';
import type { SecretStore } from '../templates/secret-store.ts';

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
}

/** Runs a program with secrets in its environment, and again when they have changed. */
export class Supervisor {
  readonly #settings: ExecSettings;
  readonly #log: AgentLog;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #variables: readonly { readonly name: string; readonly rendering: Rendering }[];
  /** Ends the wait for the program: something it uses has changed. */
  #changed = new AbortController();

  constructor(
    settings: ExecSettings,
    templates: readonly EnvTemplateSettings[],
    store: SecretStore,
    environment: NodeJS.ProcessEnv,
    log: AgentLog,
  ) {
    this.#settings = settings;
    this.#environment = environment;
    this.#log = log;
    this.#variables = templates.map((template) => ({
      name: template.variable,
      rendering: new Rendering(template, store, environment),
    }));
  }

  get used(): readonly string[] {
    return this.#variables.flatMap(({ rendering }) => [...rendering.used]);
  }

  changed(key: string): void {
    if (this.used.includes(key)) this.#changed.abort();
  }

  /** Resolves with the exit code when the program ends by itself; when `signal` ends, stops it first. */
  async run(signal: AbortSignal): Promise<number> {
    let variables = await this.#render(signal);
    while (variables && !signal.aborted) {
      const running = this.#start(variables);
      const next = await this.#untilEndOrChange(running, variables, signal);
      if (next.kind === 'ended') {
        this.#log.info(`the program ended with code ${next.code}`);
        return next.code;
      }
      await this.#stop(running);
      variables = next.variables;
      if (!signal.aborted) this.#log.info('restarting the program: a secret has changed');
    }
    return 0;
  }

  async #untilEndOrChange(
    running: Running,
    variables: NodeJS.ProcessEnv,
    signal: AbortSignal,
  ): Promise<
    { kind: 'ended'; code: number } | { kind: 'restart'; variables: NodeJS.ProcessEnv | undefined }
  > {
    const ended = running.ended.then((code) => ({ kind: 'ended' as const, code }));
    while (!signal.aborted) {
      const change = new Promise<void>((resolve) => {
        const either = AbortSignal.any([signal, this.#changed.signal]);
        if (either.aborted) resolve();
        either.addEventListener('abort', () => resolve(), { once: true });
      });
      const first = await Promise.race([ended, change]);
      if (first) return first;
      if (signal.aborted) break;
      this.#changed = new AbortController();
      if (!this.#settings.restartsOnChange) continue;
      const next = await this.#renderAgain(signal);
      if (next && !isSame(next, variables)) return { kind: 'restart', variables: next };
    }
    return { kind: 'restart', variables: undefined };
  }

  async #render(signal: AbortSignal): Promise<NodeJS.ProcessEnv | undefined> {
    const rendered: NodeJS.ProcessEnv = {};
    try {
      await Promise.all(
        this.#variables.map(async ({ name, rendering }) => {
          rendered[name] = await rendering.render(signal);
        }),
      );
    } catch (error) {
      throw new AgentFailure(`env_template not rendered: ${sentence(error)}`);
    }
    return Object.values(rendered).includes(undefined) ? undefined : rendered;
  }

  async #renderAgain(signal: AbortSignal): Promise<NodeJS.ProcessEnv | undefined> {
    try {
      return await this.#render(signal);
    } catch (error) {
      this.#log.error(`the program keeps its environment: ${sentence(error)}`);
      return undefined;
    }
  }

  #start(variables: NodeJS.ProcessEnv): Running {
    const [program = '', ...args] = this.#settings.command;
    const { promise, resolve } = Promise.withResolvers<number>();
    const child = spawn(program, args, { env: { ...this.#environment, ...variables }, stdio: 'inherit' });
    child.on('error', (error) => {
      this.#log.error(`cannot start ${program}: ${'code' in error ? error.code : 'unknown'}`);
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
    this.#log.info(`started ${program}`);
    return { child, ended: promise };
  }

  async #stop({ child, ended }: Running): Promise<void> {
    child.kill(this.#settings.stopSignal);
    const given = new AbortController();
    const inTime = ended.then(() => given.abort());
    if (await pause(this.#settings.killTimeoutSeconds, given.signal)) {
      this.#log.warn('the program did not stop in time; killed');
      child.kill('SIGKILL');
    }
    await inTime;
  }
}

function isSame(a: NodeJS.ProcessEnv, b: NodeJS.ProcessEnv): boolean {
  return Object.keys(a).every((name) => a[name] === b[name]);
}

function signalNumber(signal: NodeJS.Signals | null): number {
  const numbers: Readonly<Record<string, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGQUIT: 3,
    SIGKILL: 9,
    SIGTERM: 15,
  };
  return numbers[signal ?? ''] ?? 1;
}
