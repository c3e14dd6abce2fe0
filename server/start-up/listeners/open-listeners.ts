import type { ListenerConfiguration } from '../configuration/configuration.ts';
import { Listener, type ListenerContext } from './listener.ts';

/** All listeners of a server, which open, reload and close together. */
export interface OpenListeners {
  readonly all: readonly Listener[];
  /** Every one that can be reloaded is; throws the first `ListenerError`. */
  reload(): void;
  close(graceMs: number): Promise<void>;
  /** Ends a `close` that still waits. */
  cut(): void;
}

/** Opens all listeners or none. Throws `ListenerError`. */
export async function openListeners(
  configurations: readonly ListenerConfiguration[],
  context: ListenerContext,
): Promise<OpenListeners> {
  const all = configurations.map((configuration) => new Listener(configuration, context));
  const opened: Listener[] = [];
  try {
    for (const listener of all) {
      await listener.open();
      opened.push(listener);
    }
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close(0)));
    throw error;
  }
  return {
    all,
    reload() {
      const problems: unknown[] = [];
      for (const listener of all) {
        try {
          listener.reload();
        } catch (error) {
          problems.push(error);
        }
      }
      if (problems.length > 0) throw problems[0];
    },
    close: async (graceMs) => {
      await Promise.all(all.map((listener) => listener.close(graceMs)));
    },
    cut: () => all.forEach((listener) => void listener.cut()),
  };
}
