import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { CofferError } from '../../contracts/errors.ts';
import { readIfThere, writeSecretFile } from '../secret-file.ts';
import type { RunningServer } from '../server-contract.ts';
import { StartProblem } from '../start-problem.ts';
import type { Installation } from './installation.ts';

export interface FirstStart {
  readonly isFirst: boolean;
  /** Where an older token of the command line was put. */
  readonly replacedTokenFile: string | undefined;
  /** A crash came between initialising and writing the recovery key down. */
  readonly isRecoveryKeyLost: boolean;
}

/**
 * Initialises a new store under a token that is written down before it exists, and replaces that token by a proper
 * root token at the end. So a crash at any point leaves a store that the next start can finish.
 */
export async function completeFirstStart(
  server: RunningServer,
  installation: Installation,
  tokenFile: string,
): Promise<FirstStart> {
  const { initialized } = await server.lifecycle.status();
  const usual = { isFirst: false, replacedTokenFile: undefined, isRecoveryKeyLost: false };
  if (initialized && readIfThere(installation.unfinishedFile) === undefined) return usual;
  if (!initialized) await initialise(server, installation);
  const firstToken = readIfThere(installation.unfinishedFile) ?? '';
  const rootToken =
    readIfThere(installation.rootTokenFile) || (await newRootToken(server, firstToken, installation));
  await mountSecrets(server, rootToken);
  await makeWorkspaces(server, rootToken);
  const replacedTokenFile = storeToken(tokenFile, rootToken);
  await revoke(server, firstToken);
  rmSync(installation.unfinishedFile, { force: true });
  const isRecoveryKeyLost = !readIfThere(installation.recoveryKeyFile);
  return { isFirst: true, replacedTokenFile, isRecoveryKeyLost };
}

async function initialise(server: RunningServer, installation: Installation): Promise<void> {
  // Of an earlier store under this id, if there was one.
  rmSync(installation.rootTokenFile, { force: true });
  rmSync(installation.recoveryKeyFile, { force: true });
  // A token that a caller chooses may not have the form of the server's own, which begin with `hvs.`.
  const firstToken = randomBytes(24).toString('hex');
  writeSecretFile(installation.unfinishedFile, `${firstToken}\n`);
  const made = await server.lifecycle.initialize({ shares: 1, threshold: 1, rootToken: firstToken });
  writeSecretFile(installation.recoveryKeyFile, `${made.keysBase64.join('\n')}\n`);
}

/** Made and written down; when a crash comes in between, nobody knows the token and the next start makes another. */
async function newRootToken(
  server: RunningServer,
  firstToken: string,
  installation: Installation,
): Promise<string> {
  const data = { policies: ['root'], display_name: 'root' };
  const made = await server.request({
    operation: 'write',
    path: 'auth/token/create-orphan',
    token: firstToken,
    data,
  });
  const token = made?.['client_token'];
  if (typeof token !== 'string')
    throw new StartProblem('the server made no root token', 'Start it once more.');
  writeSecretFile(installation.rootTokenFile, `${token}\n`);
  return token;
}

async function revoke(server: RunningServer, token: string): Promise<void> {
  try {
    await server.request({ operation: 'write', path: 'auth/token/revoke-self', token });
  } catch (error) {
    // It was revoked before a crash.
    if (!(error instanceof CofferError) || error.code !== 'permission-denied') throw error;
  }
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

/** The workspaces that everybody begins with; those that are there are left alone. */
export async function makeWorkspaces(server: RunningServer, token: string): Promise<void> {
  for (const name of ['production', 'development']) {
    try {
      const data = { environment: name };
      await server.request({ operation: 'write', path: `sys/workspaces/${name}`, token, data });
    } catch (error) {
      if (!(error instanceof CofferError) || error.code !== 'conflict') throw error;
    }
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
