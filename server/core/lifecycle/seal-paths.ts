import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { InitRequest } from './initialise.ts';
import type { Lifecycle } from './lifecycle.ts';
import { withPublicErrors } from './public-errors.ts';
import { base64Of, hexOf } from './share-request.ts';
import { sealStatusBody } from './status-paths.ts';

/** `sys/init`, `sys/unseal` and `sys/seal`. */
export function sealPaths(lifecycle: Lifecycle): readonly PathDeclaration[] {
  return [initPath(lifecycle), unsealPath(lifecycle), sealPath(lifecycle)];
}

const count = (description: string) => ({ type: 'int', description }) as const;
const pgpKeys = (description: string) => ({ type: 'string-list', description }) as const;

function initPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'init',
    fields: {
      secret_shares: count('Into how many shares to split the unseal key.'),
      secret_threshold: count('How many of them unseal.'),
      stored_shares: count('Accepted for older clients, and not used.'),
      pgp_keys: pgpKeys('Base64 of a PGP public key for each share, to encrypt it with.'),
      recovery_shares: count(
        'With an auto seal: into how many shares to split the recovery key. 0: there is none.',
      ),
      recovery_threshold: count('How many recovery shares speak for all.'),
      recovery_pgp_keys: pgpKeys('Base64 of a PGP public key for each recovery share.'),
      root_token_pgp_key: {
        type: 'string',
        description: 'Base64 of a PGP public key to encrypt the root token with.',
      },
    },
    access: 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: 'bare',
    help: {
      synopsis: 'Initialise the store.',
      description: 'Can be done once. The answer is the only place where keys and root token ever appear.',
    },
    operations: {
      read: {
        summary: 'Read whether the store is initialised',
        pure: true,
        handler: () =>
          withPublicErrors(async () => ({ data: { initialized: await lifecycle.initialised() } })),
      },
      write: {
        summary: 'Initialise the store',
        handler: ({ fields }) =>
          withPublicErrors(async () => {
            // Vault checks this before it looks at the parameters.
            if (await lifecycle.initialised()) throw invalidRequest('Vault is already initialized');
            const { keys, recoveryKeys, rootToken } = await lifecycle.init(
              initRequest(fields, lifecycle.parts.seal),
            );
            return {
              data: {
                keys: hexOf(keys.bytes),
                keys_base64: base64Of(keys.bytes),
                ...(recoveryKeys && {
                  recovery_keys: hexOf(recoveryKeys.bytes),
                  recovery_keys_base64: base64Of(recoveryKeys.bytes),
                }),
                root_token: rootToken,
              },
            };
          }),
      },
    },
  });
}

interface InitFields {
  readonly secret_shares: number | undefined;
  readonly secret_threshold: number | undefined;
  readonly pgp_keys: readonly string[] | undefined;
  readonly recovery_shares: number | undefined;
  readonly recovery_threshold: number | undefined;
  readonly recovery_pgp_keys: readonly string[] | undefined;
  readonly root_token_pgp_key: string | undefined;
}

/** Throws 'invalid-request' for parameters that have no meaning with this seal, as Vault does. */
function initRequest(fields: InitFields, seal: Lifecycle['parts']['seal']): InitRequest {
  const auto = seal.mode === 'auto';
  const meaningless = auto
    ? (['secret_shares', 'secret_threshold', 'pgp_keys'] as const)
    : (['recovery_shares', 'recovery_threshold', 'recovery_pgp_keys'] as const);
  const given = meaningless.filter((name) => !isUnset(fields[name]));
  if (given.length > 0) {
    throw invalidRequest(`parameters ${given.join(',')} not applicable to seal type ${seal.type}`);
  }
  const rootToken = fields.root_token_pgp_key ? { rootTokenPgpKey: fields.root_token_pgp_key } : {};
  if (!auto) {
    const { secret_shares: shares = 0, secret_threshold: threshold = 0, pgp_keys: keys = [] } = fields;
    return { ...rootToken, unseal: { shares, threshold, pgpKeys: keys } };
  }
  // OpenBao's way of having no recovery keys, for now: asked for in so many words.
  if (fields.recovery_shares === 0 && fields.recovery_threshold === 0) return rootToken;
  const {
    recovery_shares: shares = 0,
    recovery_threshold: threshold = 0,
    recovery_pgp_keys: keys = [],
  } = fields;
  return { ...rootToken, recovery: { shares, threshold, pgpKeys: keys } };
}

function isUnset(value: number | readonly string[] | undefined): boolean {
  return value === undefined || value === 0 || (typeof value === 'object' && value.length === 0);
}

function unsealPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'unseal',
    fields: {
      key: { type: 'string', sensitive: true, description: 'One key share, hex or base64.', default: '' },
      reset: { type: 'bool', description: 'Drop the shares given so far.', default: false },
      migrate: {
        type: 'bool',
        description: 'Move the store to the seal of the configuration.',
        default: false,
      },
    },
    access: 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: 'bare',
    help: {
      synopsis: 'Unseal the server, share by share.',
      description: 'Answers with the seal status. A share given twice counts once.',
    },
    operations: {
      write: {
        summary: 'Give a key share',
        handler: ({ fields, origin }) =>
          withPublicErrors(async () => {
            if (!fields.reset && fields.key === '') {
              throw invalidRequest("'key' must be specified in request body as JSON, or 'reset' set to true");
            }
            const status = fields.reset
              ? await lifecycle.resetShares()
              : await lifecycle.submitShare(fields.key, {
                  migrate: fields.migrate,
                  source: origin.remoteAddress,
                });
            return { data: sealStatusBody(status, lifecycle.parts) };
          }),
      },
    },
  });
}

function sealPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'seal',
    fields: {},
    access: 'sudo',
    whileSealed: true,
    rootOnly: true,
    shape: 'bare',
    help: {
      synopsis: 'Seal the server.',
      description: 'Drops every key from memory. Nothing is served until it is unsealed.',
    },
    operations: {
      write: {
        summary: 'Seal the server',
        handler: async ({ caller }) => {
          // However a request came here: only somebody with a token closes an open server.
          if (lifecycle.unsealed && caller.tokenType === 'none') throw new CofferError('permission-denied');
          await lifecycle.seal();
          return undefined;
        },
      },
    },
  });
}
