import type { AuthMethod } from '../../contracts/auth-method.ts';
import type { PathDeclaration } from '../../contracts/paths.ts';
import type { MountInfo, SecretsEngine } from '../../contracts/secrets-engine.ts';
import { FieldReader } from '../router/fields.ts';
import { PathMatcher } from '../router/path-matcher.ts';
import type { MountEntry } from './mount-entry.ts';

/** A declared path, ready to serve. */
export interface CompiledPath {
  readonly pattern: string;
  readonly declaration: PathDeclaration;
  readonly fields: FieldReader;
}

const compiled = new WeakMap<readonly PathDeclaration[], PathMatcher<CompiledPath>>();

/** Compiled once per list of declarations, however many mounts share it. */
export function compilePaths(paths: readonly PathDeclaration[]): PathMatcher<CompiledPath> {
  let matcher = compiled.get(paths);
  if (!matcher) {
    matcher = new PathMatcher(
      paths.map((declaration) => ({
        pattern: declaration.pattern,
        declaration,
        fields: new FieldReader(declaration),
      })),
    );
    compiled.set(paths, matcher);
  }
  return matcher;
}

/** What a plug-in made for a mount; the mount's table says which of the two. */
export type Engine = SecretsEngine | AuthMethod;

export interface LeaseTimes {
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
}

/** A mount that serves requests: its entry as it is now, and its engine, made on first use. */
export class Mount {
  /** Replaced when the table changes; what depends on it reads it anew. */
  entry: MountEntry;
  readonly info: MountInfo;
  /** Relative to the namespace: `secret/`, `auth/approle/`. */
  fullPath: string;
  engine: Engine | undefined;
  paths: PathMatcher<CompiledPath> | undefined;
  readonly #make: (mount: Mount) => Promise<Engine>;
  #making: Promise<void> | undefined;

  constructor(
    entry: MountEntry,
    namespace: { readonly id: string; readonly path: string },
    system: LeaseTimes,
    make: (mount: Mount) => Promise<Engine>,
  ) {
    this.entry = entry;
    this.fullPath = fullPathOf(entry);
    this.#make = make;
    this.info = liveInfo(this, namespace, system);
  }

  /** Resolves when `engine` and `paths` are there. A failure is not kept: the next request tries again. */
  async load(): Promise<void> {
    if (this.engine) return;
    this.#making ??= this.#make(this)
      .then((engine) => {
        this.engine = engine;
        this.paths = compilePaths(engine.paths);
      })
      .finally(() => {
        this.#making = undefined;
      });
    await this.#making;
  }

  /** Takes over a changed entry; other options mean another engine. */
  async update(entry: MountEntry): Promise<void> {
    const sameOptions =
      JSON.stringify(entry.options) === JSON.stringify(this.entry.options) && entry.type === this.entry.type;
    this.entry = entry;
    this.fullPath = fullPathOf(entry);
    if (!sameOptions) await this.unload();
  }

  async unload(): Promise<void> {
    const engine = this.engine;
    this.engine = undefined;
    this.paths = undefined;
    await engine?.close?.();
  }
}

export function fullPathOf(entry: MountEntry): string {
  return entry.table === 'auth' ? `auth/${entry.path}` : entry.path;
}

function liveInfo(
  mount: Mount,
  namespace: { readonly id: string; readonly path: string },
  system: LeaseTimes,
): MountInfo {
  return {
    get path() {
      return mount.fullPath;
    },
    get type() {
      return mount.entry.type;
    },
    get accessor() {
      return mount.entry.accessor;
    },
    get uuid() {
      return mount.entry.uuid;
    },
    get options() {
      return mount.entry.options ?? {};
    },
    get local() {
      return mount.entry.local;
    },
    namespace,
    get defaultLeaseTtlSeconds() {
      const own = mount.entry.config.defaultLeaseTtlSeconds || system.defaultLeaseTtlSeconds;
      return Math.min(own, this.maxLeaseTtlSeconds);
    },
    get maxLeaseTtlSeconds() {
      return mount.entry.config.maxLeaseTtlSeconds || system.maxLeaseTtlSeconds;
    },
  };
}
