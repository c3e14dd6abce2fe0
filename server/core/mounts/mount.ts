import type { AuthMethod } from '../../contracts/auth-method.ts';
import { CofferError } from '../../contracts/errors.ts';
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
  /** Path parameters that are read in lower case. */
  readonly lowerCase: readonly string[];
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
        lowerCase: Object.keys(declaration.fields).filter(
          (name) =>
            declaration.fields[name]?.type === 'lower-string' &&
            new RegExp(`\\{${name}\\??(?:\\.\\.\\.)?\\}`).test(declaration.pattern),
        ),
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
  #isRemoved = false;
  #running = 0;
  #waitingForIdle: (() => void)[] = [];

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

  /**
   * Resolves when `engine` and `paths` are there. A failure is not kept: the next request tries again. A mount
   * that was removed meanwhile answers as if it had never been there.
   */
  async load(): Promise<void> {
    while (!this.engine) {
      if (this.#isRemoved) throw noRoute(this.fullPath);
      this.#making ??= this.#load();
      await this.#making;
    }
  }

  /** A request begins to use the engine. Each `enter` is followed by one `leave`. */
  enter(): void {
    this.#running++;
  }

  leave(): void {
    if (--this.#running > 0 || this.#waitingForIdle.length === 0) return;
    const waiting = this.#waitingForIdle;
    this.#waitingForIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no request uses the engine. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForIdle.push(resolve));
  }

  /** Takes over a changed entry. True when its engine has to be made anew: `unload` it. */
  update(entry: MountEntry): boolean {
    const before = this.entry;
    this.entry = entry;
    this.fullPath = fullPathOf(entry);
    return this.engine !== undefined && !isSameEngine(before, entry);
  }

  /** Lets go of the engine; the next request makes another. */
  async unload(): Promise<void> {
    const { engine } = this;
    this.engine = undefined;
    this.paths = undefined;
    await engine?.close?.();
  }

  /** For good: the mount is gone from its table. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.unload();
  }

  async #load(): Promise<void> {
    const { entry } = this;
    try {
      const engine = await this.#make(this);
      // Its options changed, or it went, while the engine was being made: that one must not serve.
      if (this.#isRemoved || !isSameEngine(entry, this.entry)) await engine.close?.();
      else {
        this.engine = engine;
        this.paths = compilePaths(engine.paths);
      }
    } finally {
      this.#making = undefined;
    }
  }
}

/** The paths of an engine may depend on its options. */
function isSameEngine(before: MountEntry, after: MountEntry): boolean {
  return (
    before === after ||
    (before.type === after.type && JSON.stringify(before.options) === JSON.stringify(after.options))
  );
}

/** Vault's answer for a path that no mount serves. */
export function noRoute(path: string): CofferError {
  return new CofferError('no-route', `no handler for route "${path}". route entry not found.`, {
    hint: 'List what is mounted with: coffer secrets list',
  });
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
