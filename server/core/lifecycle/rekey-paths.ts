import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Canceller } from './ceremony.ts';
import { withPublicErrors } from './public-errors.ts';
import type { Rekey } from './rekey.ts';
import type { RekeyProgress, RekeyStatus, VerifyStatus } from './rekey-progress.ts';
import { base64Of, hexOf } from './share-request.ts';

/**
 * One family of paths over a rekey. Vault's own (`sys/rekey/*`, `sys/rekey-recovery-key/*`) ask for no token and have
 * no envelope; OpenBao's (`sys/rotate/root/*`, `sys/rotate/recovery/*`) ask for one and have it.
 */
export interface RekeyFamily {
  readonly prefix: string;
  readonly authenticated: boolean;
  readonly keys: string;
}

/** `init`, `update`, `verify` and `backup` below `family.prefix`. */
export function rekeyPaths(rekey: Rekey, family: RekeyFamily): readonly PathDeclaration[] {
  const common = {
    access: family.authenticated ? 'token' : 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: family.authenticated ? 'envelope' : 'bare',
  } as const;
  return [
    initPath(rekey, family, common),
    updatePath(rekey, family, common),
    verifyPath(rekey, family, common),
    backupPath(rekey, family),
  ];
}

type Common = Pick<PathDeclaration, 'access' | 'whileSealed' | 'rootOnly' | 'shape'>;

const nonce = {
  type: 'string',
  query: true,
  default: '',
  description: 'Names the attempt. Needed to cancel it once somebody has given a share.',
} as const;
const key = {
  type: 'string',
  sensitive: true,
  default: '',
  description: 'One key share, hex or base64.',
} as const;

function canceller(family: RekeyFamily, given: string): Canceller {
  return family.authenticated ? 'authorised' : { nonce: given };
}

function initPath(rekey: Rekey, family: RekeyFamily, common: Common): PathDeclaration {
  return definePath({
    ...common,
    // Whoever may begin here may also end what others began, and make recovery keys where there are none.
    access: family.authenticated ? 'sudo' : 'anyone',
    pattern: `${family.prefix}/init`,
    fields: {
      secret_shares: { type: 'int', default: 0, description: 'How many new shares to make.' },
      secret_threshold: { type: 'int', default: 0, description: 'How many of them make up the key.' },
      stored_shares: { type: 'int', description: 'Accepted for older clients, and not used.' },
      pgp_keys: {
        type: 'string-list',
        default: [],
        description: 'Base64 of a PGP public key for each share.',
      },
      backup: { type: 'bool', default: false, description: 'Keep the encrypted new shares in the store.' },
      require_verification: {
        type: 'bool',
        default: false,
        description: 'The new shares count only once enough of them were given back.',
      },
      nonce,
    },
    help: {
      synopsis: `Replace the ${family.keys}: begin, look, cancel.`,
      description: 'One attempt at a time. It is forgotten when the server seals or stops.',
    },
    operations: {
      read: {
        summary: 'Read how far the attempt has come',
        pure: true,
        handler: () => withPublicErrors(async () => ({ data: statusBody(await rekey.status()) })),
      },
      write: {
        summary: 'Begin an attempt',
        handler: ({ fields }) =>
          withPublicErrors(async () => {
            const request = {
              shares: fields.secret_shares,
              threshold: fields.secret_threshold,
              pgpKeys: fields.pgp_keys,
              backup: fields.backup,
              requireVerification: fields.require_verification,
            };
            return { data: progressBody(await rekey.start(request, family.authenticated)) };
          }),
      },
      delete: {
        summary: 'Cancel the attempt',
        handler: ({ fields }) =>
          withPublicErrors(async () => {
            await rekey.cancel(canceller(family, fields.nonce));
            return undefined;
          }),
      },
    },
  });
}

function updatePath(rekey: Rekey, family: RekeyFamily, common: Common): PathDeclaration {
  return definePath({
    ...common,
    pattern: `${family.prefix}/update`,
    fields: { key, nonce },
    help: {
      synopsis: `Replace the ${family.keys}: give one of the present shares.`,
      description: 'The answer to the last one holds the new shares.',
    },
    operations: {
      write: {
        summary: 'Give a key share',
        handler: ({ fields, origin }) =>
          withPublicErrors(async () => ({
            data: progressBody(await rekey.provide(fields.key, fields.nonce, origin.remoteAddress)),
          })),
      },
    },
  });
}

function verifyPath(rekey: Rekey, family: RekeyFamily, common: Common): PathDeclaration {
  return definePath({
    ...common,
    pattern: `${family.prefix}/verify`,
    fields: { key, nonce },
    help: {
      synopsis: `Replace the ${family.keys}: give the new shares back, so that they come into force.`,
      description: 'Until enough were given, the old shares are in force.',
    },
    operations: {
      read: {
        summary: 'Read how far verification has come',
        pure: true,
        handler: () => withPublicErrors(async () => ({ data: verifyBody(await rekey.verifyStatus()) })),
      },
      write: {
        summary: 'Give a new share back',
        handler: ({ fields, origin }) =>
          withPublicErrors(async () => {
            const progress = await rekey.verify(fields.key, fields.nonce, origin.remoteAddress);
            return {
              data: progress.complete
                ? { nonce: progress.nonce, complete: true }
                : verifyBody(progress.status),
            };
          }),
      },
      delete: {
        summary: 'Begin verification again',
        handler: ({ fields }) =>
          withPublicErrors(async () => ({
            data: verifyBody(await rekey.restartVerification(canceller(family, fields.nonce))),
          })),
      },
    },
  });
}

function backupPath(rekey: Rekey, family: RekeyFamily): PathDeclaration {
  return definePath({
    pattern: `${family.prefix}/backup`,
    fields: {},
    rootOnly: true,
    shape: family.authenticated ? 'envelope' : 'flattened',
    help: {
      synopsis: `The backup of the ${family.keys} that the last rekey made, encrypted with PGP.`,
      description: 'There is one when the rekey asked for it.',
    },
    operations: {
      read: {
        summary: 'Read the backup',
        handler: () =>
          withPublicErrors(async () => {
            const backup = await rekey.backup();
            const inBase64 = Object.entries(backup.keys).map(([fingerprint, messages]) => [
              fingerprint,
              messages.map((message) => Buffer.from(message, 'hex').toString('base64')),
            ]);
            return { data: { ...backup, keys_base64: Object.fromEntries(inBase64) } };
          }),
      },
      delete: {
        summary: 'Delete the backup',
        handler: () =>
          withPublicErrors(async () => {
            await rekey.deleteBackup();
            return undefined;
          }),
      },
    },
  });
}

function statusBody(status: RekeyStatus): JsonObject {
  return {
    nonce: status.nonce,
    started: status.started,
    t: status.asked.threshold,
    n: status.asked.shares,
    progress: status.progress,
    required: status.required,
    pgp_fingerprints: status.fingerprints ?? null,
    backup: status.backup,
    verification_required: status.verificationRequired,
    ...(status.verificationNonce !== '' && { verification_nonce: status.verificationNonce }),
  };
}

function progressBody(progress: RekeyProgress): JsonObject {
  if (!progress.complete) return statusBody(progress.status);
  const { result } = progress;
  return {
    nonce: result.nonce,
    complete: true,
    keys: hexOf(result.keys.bytes),
    keys_base64: base64Of(result.keys.bytes),
    pgp_fingerprints: result.keys.fingerprints ?? null,
    backup: result.backup,
    verification_required: result.verificationRequired,
    ...(result.verificationNonce !== '' && { verification_nonce: result.verificationNonce }),
  };
}

function verifyBody(status: VerifyStatus): JsonObject {
  return {
    nonce: status.nonce,
    started: true,
    t: status.asked.threshold,
    n: status.asked.shares,
    progress: status.progress,
  };
}
