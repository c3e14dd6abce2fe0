import { invalidRequest } from '../../contracts/errors.ts';
import type { MountContext } from '../../contracts/secrets-engine.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { type ConnectionRecord, textDetail } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { newPassword } from './credentials.ts';
import { hasNoEffect, operationSeconds } from './database-plugin.ts';
import { messageOf } from './failures.ts';
import { retryDelayMs } from './retry-delay.ts';

const settleMs = (operationSeconds + 20) * 1000;
const mostAttempts = 20;

/**
 * Changes the password of a connection's own user to one that nobody but Coffer knows. Written down before it is set;
 * until it is certain which one is in force both are kept, and every attempt sets the same new one.
 */
export class RootRotation {
  readonly #context: MountContext;
  readonly #connections: Connections;

  constructor(context: MountContext, connections: Connections) {
    this.#context = context;
    this.#connections = connections;
  }

  /** Throws 'invalid-request' when the connection cannot be rotated; rejects with `DatabaseError` when it failed. */
  async rotate(name: string): Promise<void> {
    const { password, username, statements, isNew } = await this.#begin(name);
    try {
      await this.#connections.use(name, (database) =>
        database.setPassword({ username, password, statements }),
      );
    } catch (error) {
      await this.#afterFailure(name, password, isNew, error);
      throw error;
    }
    await this.#connections.promotePending(name, password);
  }

  /** Goes on with one that was cut off. */
  async resumeIfDue(name: string): Promise<void> {
    const { pending } = (await this.#connections.find(name)).value;
    if (!pending || pending.dueMs > this.#context.clock.now()) return;
    await this.rotate(name).catch((error: unknown) =>
      this.#context.logger.error('a root password could not be changed; trying again', {
        connection: name,
        error: messageOf(error),
      }),
    );
  }

  async #begin(name: string) {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#connections.find(name);
      const record = stored.value;
      const username = checkedUsername(record);
      const nowMs = this.#context.clock.now();
      const password = record.pending?.password ?? (await newPassword(this.#context, record.passwordPolicy));
      const pending = { password, sinceMs: record.pending?.sinceMs ?? nowMs, dueMs: nowMs + settleMs };
      try {
        await this.#connections.write(name, stored, { ...record, pending });
        return {
          password,
          username,
          statements: record.rootRotationStatements,
          isNew: record.pending === undefined,
        };
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
      }
    }
  }

  /** The new password is dropped only if nothing happened now, nothing can come of earlier attempts, and the old one works. */
  async #afterFailure(name: string, password: string, isNew: boolean, error: unknown): Promise<void> {
    const { value: record } = await this.#connections.find(name);
    const nowMs = this.#context.clock.now();
    const isSettled = isNew || nowMs - (record.pending?.sinceMs ?? nowMs) > settleMs;
    const isOldInForce =
      hasNoEffect(error) &&
      isSettled &&
      (await this.#connections.verify(record.pluginName, record.details).then(
        () => true,
        () => false,
      ));
    await this.#connections.change(name, (current) => {
      if (current.pending?.password !== password) return undefined;
      const { pending: _dropped, failures: _none, ...rest } = current;
      if (isOldInForce) return rest;
      const failures = (current.failures ?? 0) + 1;
      return { ...current, failures, pending: { ...current.pending, dueMs: nowMs + retryDelayMs(failures) } };
    });
  }
}

function checkedUsername({ details }: ConnectionRecord): string {
  const username = textDetail(details, 'username');
  if (username === '')
    throw invalidRequest('unable to rotate root credentials: no username in configuration');
  const url = textDetail(details, 'connection_url');
  if (url !== '' && !/\{\{\s*password\s*\}\}/.test(url))
    throw invalidRequest('unable to rotate root credentials: connection_url does not use {{password}}', {
      hint: 'Give username and password of their own, and {{username}}:{{password}} in connection_url.',
    });
  return username;
}
