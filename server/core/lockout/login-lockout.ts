import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Mount } from '../mounts/mount.ts';

/** Vault's defaults; `user_lockout_config` of an auth mount says otherwise. */
const defaults = { attempts: 5, durationSeconds: 15 * 60, resetSeconds: 15 * 60 };
/** What is longer is nobody's name, and must not take memory. */
const longestAlias = 512;
/** Names remembered on either side: those that fail now and then, and those that are locked. */
const mostKept = 20_000;

interface Failures {
  readonly accessor: string;
  readonly alias: string;
  readonly namespace: { readonly id: string; readonly path: string };
  count: number;
  lastMs: number;
  /** 0 while it is not locked. */
  untilMs: number;
}

/** A name that is locked now. */
export type LockedAlias = Pick<Failures, 'accessor' | 'alias' | 'namespace'>;

/**
 * Counts failed logins by auth mount and claimed name, whether or not anybody has that name, and refuses further
 * ones for a time once there were too many. In the memory of each process: a restart forgets, as do names beyond
 * the bound, those that are not locked first.
 */
export class LoginLockout {
  readonly #clock: Clock;
  readonly #failing = new Map<string, Failures>();
  readonly #locked = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Does the work of a login. Throws 'permission-denied' while the name is locked, also when it became so
   * meanwhile: guesses sent all at once get no further than one after the other.
   */
  async guard<T>(mount: Mount, alias: string | undefined, login: () => Promise<T>): Promise<T> {
    const { userLockout } = mount.entry.config;
    if (alias === undefined || alias.length > longestAlias || userLockout?.disabled) return login();
    const key = `${mount.entry.accessor} ${alias}`;
    this.#refuseLocked(key);
    try {
      const done = await login();
      this.#refuseLocked(key);
      this.#failing.delete(key);
      return done;
    } catch (error) {
      if (error instanceof CofferError && error.code === 'invalid-credentials')
        this.#failed(key, mount, alias);
      throw error;
    }
  }

  locked(): readonly LockedAlias[] {
    return [...this.#locked].filter(([key]) => this.#isLocked(key)).map(([, failures]) => failures);
  }

  /** Nothing happens when it is not locked. */
  unlock(namespaceId: string, accessor: string, alias: string): void {
    const key = `${accessor} ${alias}`;
    if (this.#locked.get(key)?.namespace.id === namespaceId) this.#locked.delete(key);
  }

  #refuseLocked(key: string): void {
    if (this.#isLocked(key)) throw new CofferError('permission-denied');
  }

  #isLocked(key: string): boolean {
    const failures = this.#locked.get(key);
    if (!failures) return false;
    if (this.#clock.now() < failures.untilMs) return true;
    this.#locked.delete(key);
    return false;
  }

  #failed(key: string, mount: Mount, alias: string): void {
    if (this.#isLocked(key)) return;
    const { userLockout } = mount.entry.config;
    const nowMs = this.#clock.now();
    const resetMs = (userLockout?.counterResetSeconds || defaults.resetSeconds) * 1000;
    const before = this.#failing.get(key);
    const { accessor } = mount.entry;
    const failures =
      before && nowMs - before.lastMs < resetMs
        ? before
        : { accessor, alias, namespace: mount.info.namespace, count: 0, lastMs: 0, untilMs: 0 };
    failures.count++;
    failures.lastMs = nowMs;
    this.#failing.delete(key);
    if (failures.count < (userLockout?.thresholdAttempts || defaults.attempts)) {
      keep(this.#failing, key, failures);
      return;
    }
    failures.untilMs = nowMs + (userLockout?.durationSeconds || defaults.durationSeconds) * 1000;
    keep(this.#locked, key, failures);
  }
}

/** The one that was added longest ago makes room. */
function keep(names: Map<string, Failures>, key: string, failures: Failures): void {
  names.set(key, failures);
  if (names.size <= mostKept) return;
  const [oldest] = names.keys();
  if (oldest !== undefined) names.delete(oldest);
}
