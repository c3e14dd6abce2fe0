import { randomInt } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { CofferError } from '../../contracts/errors.ts';
import { readIfThere, writeSecretFile } from '../secret-file.ts';
import type { RunningServer } from '../server-contract.ts';
import type { Installation } from './installation.ts';

export interface FirstStart {
  readonly isFirst: boolean;
  /** Where an older token of the command line was put. */
  readonly replacedTokenFile: string | undefined;
  /** A crash came between initialising and writing the recovery key down. */
  readonly isRecoveryKeyLost: boolean;
}

/**
 * Initialises a new store: the root token is written down before it exists, so that a crash at any point leaves a
 * store whose token is known, and the next start finishes what is left.
 */
export async function completeFirstStart(
  server: RunningServer,
  installation: Installation,
  tokenFile: string,
): Promise<FirstStart> {
  const { initialized } = await server.lifecycle.status();
  const isUnfinished = readIfThere(installation.unfinishedFile) !== undefined;
  const usual = { isFirst: false, replacedTokenFile: undefined, isRecoveryKeyLost: false };
  if (initialized && !isUnfinished) return usual;
  if (!initialized) {
    const rootToken = newRootToken();
    writeSecretFile(
      installation.unfinishedFile,
      'The first start of this store did not end. The next one finishes it.\n',
    );
    writeSecretFile(installation.rootTokenFile, `${rootToken}\n`);
    const made = await server.lifecycle.initialize({ shares: 1, threshold: 1, rootToken });
    writeSecretFile(installation.recoveryKeyFile, `${made.keysBase64.join('\n')}\n`);
  }
  const token = readIfThere(installation.rootTokenFile) ?? '';
  await mountSecrets(server, token);
  const replacedTokenFile = storeToken(tokenFile, token);
  rmSync(installation.unfinishedFile, { force: true });
  const isRecoveryKeyLost = readIfThere(installation.recoveryKeyFile) === undefined;
  return { isFirst: true, replacedTokenFile, isRecoveryKeyLost };
}

/** KV version 2 at `secret/`, unless it is there. */
export async function mountSecrets(
  server: RunningServer,
  token: string,
  version: '1' | '2' = '2',
): Promise<void> {
  try {
    await server.request({
      operation: 'write',
      path: 'sys/mounts/secret',
      token,
      data: { type: 'kv', description: 'key/value secret storage', options: { version } },
    });
  } catch (error) {
    if (error instanceof CofferError && /path is already in use/.test(error.message)) return;
    throw error;
  }
}

/** Where the command line looks. A token that is there already is kept beside it: it may be of another server. */
function storeToken(tokenFile: string, token: string): string | undefined {
  const before = readIfThere(tokenFile);
  const isOther = before !== undefined && before !== '' && before !== token;
  const kept = `${tokenFile}.before`;
  if (isOther) renameSync(tokenFile, kept);
  writeSecretFile(tokenFile, token);
  return isOther ? kept : undefined;
}

const tokenAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `hvs.` and 24 characters, 142 bits. */
function newRootToken(): string {
  return `hvs.${Array.from({ length: 24 }, () => tokenAlphabet[randomInt(tokenAlphabet.length)]).join('')}`;
}
