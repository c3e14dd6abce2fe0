import type { Run } from './run.ts';

/** What a flag's value is. `boolean` takes none (`-flag`, `-flag=false`); `list` and `map` are repeated. */
export type FlagKind = 'text' | 'boolean' | 'number' | 'duration' | 'list' | 'map';

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly kind: FlagKind;
  /** One sentence for help, without the flag's own name. */
  readonly summary: string;
  /** How the value is called in help, such as `PATH`. */
  readonly value?: string;
  readonly aliases?: readonly string[];
  /** Shown in help; the handler applies it. */
  readonly default?: string;
}

export interface Example {
  readonly says: string;
  readonly command: string;
}

/** A command's work: prints its result and returns its exit code. Throws `Failure` for what the user should read. */
export type Handler = (run: Run) => Promise<number>;

export interface Command {
  /** One word; the group's name stands before it. */
  readonly name: string;
  readonly summary: string;
  /** More than the summary, where there is more to know. */
  readonly description?: string;
  /** Positional arguments as help shows them, such as `PATH [K=V...]`. */
  readonly arguments?: string;
  /** How many positional arguments there may be; `max` undefined means any number. */
  readonly arity: { readonly min: number; readonly max?: number; readonly expected?: string };
  readonly flags?: readonly Flag[];
  /** `field`: -format and -field; `format`: -format only; `raw` also knows -format=raw. Default `none`. */
  readonly output?: 'none' | 'format' | 'field' | 'raw';
  /** `server` needs the connection flags; `local` none. Default `server`. */
  readonly talksTo?: 'server' | 'local';
  /** The server runs and explains it, with flags of its own; here it stands for overview, suggestions and documentation. */
  readonly handedOver?: boolean;
  readonly examples: readonly Example[];
  readonly load: () => Promise<Handler>;
}

/** Commands behind a common first word, such as `kv get` and `kv put`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<readonly (Command | CommandGroup)[]>;
}

export type Entry = Command | CommandGroup;
