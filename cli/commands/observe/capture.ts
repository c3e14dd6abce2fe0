import { isObject } from '../../../sdk/secret.ts';
import type { Clients } from '../../connection/connect.ts';
import { followText } from '../../connection/streams.ts';

export const targets = ['config', 'host', 'log', 'metrics', 'requests', 'server-status'] as const;
export type Target = (typeof targets)[number];

interface Source {
  readonly file: string;
  /** Name in a look, and path; the answer's `data` where it has some. */
  readonly reads: readonly (readonly [name: string, path: string])[];
}

const sources: Readonly<Record<Exclude<Target, 'log'>, Source>> = {
  config: { file: 'config.json', reads: [['config', 'sys/config/state/sanitized']] },
  host: { file: 'host_info.json', reads: [['host', 'sys/host-info']] },
  metrics: { file: 'metrics.json', reads: [['metrics', 'sys/metrics']] },
  requests: { file: 'requests.json', reads: [['requests', 'sys/in-flight-req']] },
  'server-status': {
    file: 'server_status.json',
    reads: [
      ['health', 'sys/health'],
      ['seal', 'sys/seal-status'],
      ['leader', 'sys/leader'],
      ['ha', 'sys/ha-status'],
    ],
  },
};
/** A sealed or standby server is no failure here. */
const healthQuery = { standbyok: 'true', sealedcode: '299', uninitcode: '299' };
export const logFile = 'coffer.log';
/** A log at full speed must not fill the memory of this program. */
const longestLog = 64 * 1024 * 1024;

export interface CaptureProblem {
  readonly target: Target;
  readonly timestamp: string;
  readonly error: string;
}

/** What was seen of a server, by file. */
export class Capture {
  readonly problems: CaptureProblem[] = [];
  readonly #clients: Clients;
  readonly #looks = new Map<string, unknown[]>();
  #log: string | undefined;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** One look at each; never throws. */
  async look(wanted: readonly Target[]): Promise<void> {
    for (const target of wanted) {
      if (target === 'log') continue;
      const { file, reads } = sources[target];
      const look: Record<string, unknown> = { timestamp: new Date().toISOString() };
      for (const [name, path] of reads) {
        try {
          look[name] = await this.#read(path);
        } catch (error) {
          this.#note(target, error);
        }
      }
      if (Object.keys(look).length === 1) continue;
      const looks = this.#looks.get(file) ?? [];
      looks.push(look);
      this.#looks.set(file, looks);
    }
  }

  /** Until `signal`; never throws. */
  async followLog(format: string, signal: AbortSignal): Promise<void> {
    const query = [['log_level', 'debug'] as const, ['log_format', format] as const];
    const onText = (text: string): void => {
      if ((this.#log?.length ?? 0) < longestLog) this.#log = (this.#log ?? '') + text;
    };
    try {
      await followText(this.#clients, { path: 'sys/monitor', query }, onText, signal);
      this.#log ??= '';
    } catch (error) {
      this.#note('log', error);
    }
  }

  files(): { readonly name: string; readonly content: string }[] {
    const files = [...this.#looks].map(([name, looks]) => ({
      name,
      content: `${JSON.stringify(looks, undefined, 2)}\n`,
    }));
    return this.#log === undefined ? files : [...files, { name: logFile, content: this.#log }];
  }

  async #read(path: string): Promise<unknown> {
    const query = path === 'sys/health' ? { query: healthQuery } : {};
    const { body } = await this.#clients.asking.request('GET', path, query);
    return isObject(body) && isObject(body['data']) ? body['data'] : body;
  }

  #note(target: Target, error: unknown): void {
    const reason = error instanceof Error ? error.message : 'unknown';
    this.problems.push({ target, timestamp: new Date().toISOString(), error: reason });
  }
}
