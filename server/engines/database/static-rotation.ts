import type { MountContext } from '../../contracts/secrets-engine.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { Connections } from './connections.ts';
import { newPassword } from './credentials.ts';
import { hasNoEffect, operationSeconds } from './database-plugin.ts';
import { messageOf } from './failures.ts';
import { retryDelayMs } from './retry-delay.ts';
import { hasMissedWindow, nextRotation } from './rotation-schedule.ts';
import { dueTimeOf, findStaticRole, type StaticRoleRecord, writeStaticRole } from './static-role-record.ts';

const mostAttempts = 20;
/** Whoever set a pending password has finished by then, or is gone. */
const settleMs = (operationSeconds + 20) * 1000;

/**
 * Changes the passwords of static roles: the new one is written down, set, then written down as set. Whatever is cut off
 * in between goes on with the same new password, so that Coffer always knows the one that is in force.
 */
export class StaticRotation {
  readonly #context: MountContext;
  readonly #connections: Connections;

  constructor(context: MountContext, connections: Connections) {
    this.#context = context;
    this.#connections = connections;
  }

  /** Changes the password now. False when there is no such role. Rejects when it failed; then it goes on by itself. */
  async rotate(name: string): Promise<boolean> {
    const pending = await this.#begin(name);
    if (!pending) return false;
    const { role, password } = pending;
    try {
      await this.#connections.use(role.dbName, (database) =>
        database.setPassword({ username: role.username, password, statements: role.rotationStatements }),
      );
    } catch (error) {
      await this.#postpone(name, password, error);
      throw error;
    }
    await this.#settle(name, password);
    return true;
  }

  /** The background job's part. Never rejects for what can be tried again. */
  async rotateIfDue(name: string): Promise<void> {
    const stored = await findStaticRole(this.#context.records, name);
    const nowMs = this.#context.clock.now();
    if (!stored || dueTimeOf(stored.value) > nowMs) return;
    const role = stored.value;
    if (!role.pending && hasMissedWindow(role, role.nextRotationMs, nowMs)) {
      const nextRotationMs = await nextRotation(role, nowMs);
      await this.#change(name, (current) => ({ ...current, nextRotationMs }));
      this.#context.logger.warn('a static role missed its rotation window', { role: name });
      return;
    }
    await this.rotate(name).catch(() => undefined);
  }

  async #begin(name: string): Promise<{ role: StaticRoleRecord; password: string } | undefined> {
    for (let attempt = 1; ; attempt++) {
      const stored = await findStaticRole(this.#context.records, name);
      if (!stored) return undefined;
      const role = stored.value;
      const dueMs = this.#context.clock.now() + settleMs;
      const password = role.pending?.password ?? (await this.#newPassword(role));
      try {
        await writeStaticRole(this.#context.records, name, stored, { ...role, pending: { password, dueMs } });
        return { role, password };
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
      }
    }
  }

  async #newPassword(role: StaticRoleRecord): Promise<string> {
    const connection = await this.#connections.find(role.dbName);
    const own = role.credential.config['password_policy'];
    return newPassword(this.#context, typeof own === 'string' ? own : connection.value.passwordPolicy);
  }

  async #settle(name: string, password: string): Promise<void> {
    const nowMs = this.#context.clock.now();
    const current = await findStaticRole(this.#context.records, name);
    if (!current) return;
    const nextRotationMs = await nextRotation(current.value, nowMs);
    await this.#change(name, (role) => {
      if (role.pending?.password !== password) return undefined;
      const { pending: _settled, ...rest } = role;
      return { ...rest, password, lastRotationMs: nowMs, nextRotationMs, failures: 0 };
    });
  }

  async #postpone(name: string, password: string, error: unknown): Promise<void> {
    let failures = 0;
    let waitMs = 0;
    const nowMs = this.#context.clock.now();
    const role = (await findStaticRole(this.#context.records, name))?.value;
    if (!role) return;
    const isOver = hasNoEffect(error) && hasMissedWindow(role, role.nextRotationMs, nowMs);
    const nextMs = isOver ? await nextRotation(role, nowMs) : role.nextRotationMs;
    await this.#change(name, (current) => {
      if (current.pending?.password !== password) return undefined;
      failures = current.failures + 1;
      waitMs = retryDelayMs(failures);
      const { pending: _dropped, ...rest } = current;
      if (isOver) return { ...rest, failures, nextRotationMs: nextMs };
      return { ...current, failures, pending: { password, dueMs: nowMs + waitMs } };
    });
    this.#context.logger[failures >= 3 ? 'error' : 'warn'](
      'the password of a static role could not be changed; trying again',
      { role: name, failures, next_try_seconds: waitMs / 1000, error: messageOf(error) },
    );
  }

  async #change(name: string, next: (role: StaticRoleRecord) => StaticRoleRecord | undefined): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const stored = await findStaticRole(this.#context.records, name);
      const role = stored && next(stored.value);
      if (!role) return;
      try {
        await writeStaticRole(this.#context.records, name, stored, role);
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
      }
    }
  }
}
