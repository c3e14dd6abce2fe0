import { hostname } from 'node:os';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { randomBytes, randomUUID } from '../../crypto/random.ts';
import { wipe } from '../../crypto/wipe.ts';
import { keyBytes, splitKey } from './key-shares.ts';
import type { LifecycleParts } from './parts.ts';
import { encryptWithPgp } from './pgp.ts';
import { withKey, wrapRecoveryCheck, wrapRootKey } from './quorum-proof.ts';
import {
  type InitialisingRecord,
  type ReadyRecord,
  readSealRecord,
  type SealExpectation,
  sealRecordAbsent,
  sealRecordEntry,
  sealRecordKey,
} from './seal-record.ts';
import { checkShareRequest, type IssuedShares, issueShares, type ShareRequest } from './share-request.ts';

export interface InitRequest {
  /** Undefined where the seal takes no shares. */
  readonly unseal?: ShareRequest;
  /** Undefined where nobody holds recovery keys. */
  readonly recovery?: ShareRequest;
  /** Base64 public key that the root token is encrypted for. */
  readonly rootTokenPgpKey?: string;
  /** Dev mode only. */
  readonly rootTokenId?: string;
}

export interface InitResult {
  readonly keys: IssuedShares;
  readonly recoveryKeys: IssuedShares | undefined;
  /** The token, or base64 of a PGP message with it. */
  readonly rootToken: string;
}

/** After this long an initialisation that did not finish is taken to have died. */
const abandonedAfterMs = 10_000;

const alreadyInitialised = () => invalidRequest('Vault is already initialized');
const nothing: IssuedShares = { bytes: [], fingerprints: undefined };

/**
 * Makes a new store: claims it, writes the keyring, makes the root token, and last declares it ready, in a commit
 * of its own. Until then the store counts as not initialised and the next attempt starts over, so a crash at any
 * point leaves no store whose keys nobody was given. Of several attempts at once exactly one succeeds.
 *
 * Leaves the barrier open, whether it succeeds or fails after opening it; the caller closes it.
 */
export async function initialise(parts: LifecycleParts, request: InitRequest): Promise<InitResult> {
  await checkInitRequest(parts, request);
  const rootKey = randomBytes(keyBytes);
  let claim: SealExpectation | undefined;
  try {
    claim = await claimStore(parts);
    await parts.barrier.initialize(rootKey, { expect: [claim] });
    await parts.barrier.unseal(rootKey);
    await parts.hooks.onUnsealed();
    const token = await parts.hooks.createRootToken(request.rootTokenId);
    const made = await makeKeys(parts, request, rootKey);
    const rootToken = await issueRootToken(token, request.rootTokenPgpKey);
    await parts.barrier.plain.commit({ expect: [claim], put: [sealRecordEntry(made.record)] });
    return { keys: made.keys, recoveryKeys: made.recoveryKeys, rootToken };
  } catch (error) {
    if (claim) await giveUpClaim(parts, claim);
    if (error instanceof StorageConflict && error.key === sealRecordKey) throw alreadyInitialised();
    throw error;
  } finally {
    wipe(rootKey);
  }
}

async function checkInitRequest({ seal }: LifecycleParts, request: InitRequest): Promise<void> {
  if (seal.mode === 'shares') {
    if (request.recovery) throw invalidRequest(`recovery keys are not applicable to seal type ${seal.type}`);
    const unseal = request.unseal ?? { shares: 0, threshold: 0, pgpKeys: [] };
    await checkShareRequest('invalid seal configuration', unseal);
  } else {
    if (request.unseal) throw invalidRequest(`key shares are not applicable to seal type ${seal.type}`);
    if (request.recovery) await checkShareRequest('invalid recovery configuration', request.recovery);
  }
  if (request.rootTokenPgpKey !== undefined) {
    const rootToken = { shares: 1, threshold: 1, pgpKeys: [request.rootTokenPgpKey] };
    await checkShareRequest('invalid root token PGP key', rootToken);
  }
}

/** Marks the store as being initialised by this attempt, and empties it of what a dead attempt left. */
async function claimStore({ storage, barrier, clock, logger }: LifecycleParts): Promise<SealExpectation> {
  const before = await readSealRecord(barrier.plain);
  if (before?.record.stage === 'ready') throw alreadyInitialised();
  if (before && !isAbandoned(before.record, clock.now())) {
    throw new CofferError('unavailable', 'another initialisation of this store is under way', {
      hint: 'If it was interrupted, try again in ten seconds.',
    });
  }
  if (!before) await refuseForeignData(storage);
  const attempt = randomUUID();
  const entry = sealRecordEntry({
    stage: 'initialising',
    attempt,
    startedAtMs: clock.now(),
    host: hostname(),
    pid: process.pid,
  });
  await barrier.plain.commit({ expect: [before?.unchanged ?? sealRecordAbsent], put: [entry] });
  const claimed = await readSealRecord(barrier.plain);
  if (claimed?.record.stage !== 'initialising' || claimed.record.attempt !== attempt)
    throw alreadyInitialised();
  if (before) {
    logger.warn('an initialisation was interrupted before; starting over');
    await empty(storage, claimed.unchanged);
  }
  return claimed.unchanged;
}

/** Old enough, or of a process of this machine that is no more. */
function isAbandoned({ startedAtMs, host, pid }: InitialisingRecord, nowMs: number): boolean {
  if (Math.abs(nowMs - startedAtMs) >= abandonedAfterMs) return true;
  if (host !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

async function refuseForeignData(storage: LifecycleParts['storage']): Promise<void> {
  const [found] = await storage.scan(' ', '\u{10ffff}', 1);
  if (!found) return;
  throw new CofferError('storage-corrupt', `the store holds data, but not its record ${sealRecordKey}`, {
    hint: 'Restore the record from a backup, or point the server at an empty store.',
  });
}

async function empty(storage: LifecycleParts['storage'], claim: SealExpectation): Promise<void> {
  const expect = [{ key: claim.key, tag: claim.stored?.tag }];
  for (;;) {
    const page = await storage.scan(' ', '\u{10ffff}', 500);
    const remove = page.map(([key]) => key).filter((key) => key !== sealRecordKey);
    if (remove.length === 0) return;
    await storage.commit({ expect, remove });
  }
}

async function makeKeys(parts: LifecycleParts, request: InitRequest, rootKey: Uint8Array) {
  const id = randomUUID();
  const common = {
    stage: 'ready',
    cluster: { name: `coffer-cluster-${id.slice(0, 8)}`, id: randomUUID() },
  } as const;
  return request.unseal
    ? makeUnsealKeys(parts, request.unseal, rootKey, common)
    : makeRecoveryKeys(parts, request.recovery, rootKey, common);
}

type Common = Pick<ReadyRecord, 'stage' | 'cluster'>;

async function makeUnsealKeys(
  { seal }: LifecycleParts,
  asked: ShareRequest,
  rootKey: Uint8Array,
  common: Common,
) {
  const { quorum, key, issued } = await makeSharedKey(asked);
  const keyed = withKey(seal, key);
  try {
    const rootKeyText = await wrapRootKey(keyed, rootKey);
    const record: ReadyRecord = {
      ...common,
      seal: { type: seal.type, mode: seal.mode, ...quorum },
      rootKey: rootKeyText,
    };
    return { record, keys: issued, recoveryKeys: undefined };
  } finally {
    await keyed.close();
    wipe(key);
  }
}

async function makeRecoveryKeys(
  { seal }: LifecycleParts,
  asked: ShareRequest | undefined,
  rootKey: Uint8Array,
  common: Common,
) {
  const base: ReadyRecord = {
    ...common,
    seal: { type: seal.type, mode: seal.mode, shares: 1, threshold: 1 },
    rootKey: await wrapRootKey(seal, rootKey),
  };
  if (!asked) return { record: base, keys: nothing, recoveryKeys: undefined };
  const { quorum, key, issued } = await makeSharedKey(asked);
  try {
    const recovery = { ...quorum, check: await wrapRecoveryCheck(seal, key) };
    return { record: { ...base, recovery }, keys: nothing, recoveryKeys: issued };
  } finally {
    wipe(key);
  }
}

/** A fresh key and its shares, encrypted where PGP keys were given. The caller wipes `key`. */
export async function makeSharedKey(asked: ShareRequest) {
  const quorum = { shares: asked.shares, threshold: asked.threshold };
  const key = randomBytes(keyBytes);
  const shares = await splitKey(key, quorum);
  const issued = await issueShares(shares, asked.pgpKeys);
  if (issued.bytes !== shares) wipe(...shares);
  return { quorum, key, issued };
}

async function issueRootToken(token: string, pgpKey: string | undefined): Promise<string> {
  if (pgpKey === undefined) return token;
  const { bytes } = await encryptWithPgp([Buffer.from(token)], [pgpKey]);
  return Buffer.from(bytes[0] ?? []).toString('base64');
}

/** Lets the next attempt start at once. When this fails too, it starts when the claim is old. */
async function giveUpClaim({ barrier, logger }: LifecycleParts, claim: SealExpectation): Promise<void> {
  const entry = sealRecordEntry({ stage: 'initialising', attempt: '', startedAtMs: 0, host: '', pid: 0 });
  await barrier.plain.commit({ expect: [claim], put: [entry] }).catch((error: unknown) => {
    logger.warn('the claim of a failed initialisation stays', {
      error: error instanceof Error ? error.name : 'unknown',
    });
  });
}
