import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { type GenerateRoot, type GenerateRootStatus, otpLength } from './generate-root.ts';
import { withPublicErrors } from './public-errors.ts';

/** Vault's `sys/generate-root/*` asks for no token and has no envelope; OpenBao's `sys/generate-root-token/*` does and has. */
export function generateRootPaths(
  generateRoot: GenerateRoot,
  family: { readonly prefix: string; readonly authenticated: boolean },
): readonly PathDeclaration[] {
  const common = {
    access: family.authenticated ? 'token' : 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: family.authenticated ? 'envelope' : 'bare',
  } as const;
  return [attemptPath(generateRoot, family, common), updatePath(generateRoot, family.prefix, common)];
}

type Common = Pick<PathDeclaration, 'access' | 'whileSealed' | 'rootOnly' | 'shape'>;

const nonce = {
  type: 'string',
  query: true,
  default: '',
  description: 'Names the attempt. Needed to cancel it once somebody has given a share.',
} as const;

function attemptPath(
  generateRoot: GenerateRoot,
  family: { readonly prefix: string; readonly authenticated: boolean },
  common: Common,
): PathDeclaration {
  return definePath({
    ...common,
    pattern: `${family.prefix}/attempt`,
    fields: {
      otp: {
        type: 'string',
        sensitive: true,
        default: '',
        description: `One-time password of ${otpLength} characters to encode the token with. The server makes one when there is neither this nor a PGP key.`,
      },
      pgp_key: {
        type: 'string',
        default: '',
        description: 'Base64 of a PGP public key to encrypt the token with.',
      },
      nonce,
    },
    help: {
      synopsis: 'Make a root token with a quorum of key holders: begin, look, cancel.',
      description: 'One attempt at a time. It is forgotten when the server seals or stops.',
    },
    operations: {
      read: {
        summary: 'Read how far the attempt has come',
        pure: true,
        handler: () => withPublicErrors(async () => ({ data: statusBody(await generateRoot.status()) })),
      },
      write: {
        summary: 'Begin an attempt',
        handler: ({ fields }) =>
          withPublicErrors(async () => ({
            data: statusBody(await generateRoot.start({ otp: fields.otp, pgpKey: fields.pgp_key })),
          })),
      },
      delete: {
        summary: 'Cancel the attempt',
        handler: ({ fields }) =>
          withPublicErrors(async () => {
            await generateRoot.cancel(family.authenticated ? 'authorised' : { nonce: fields.nonce });
            return undefined;
          }),
      },
    },
  });
}

function updatePath(generateRoot: GenerateRoot, prefix: string, common: Common): PathDeclaration {
  return definePath({
    ...common,
    pattern: `${prefix}/update`,
    fields: {
      key: { type: 'string', sensitive: true, default: '', description: 'One key share, hex or base64.' },
      nonce,
    },
    help: {
      synopsis: 'Make a root token with a quorum of key holders: give a share.',
      description: 'The answer to the last one holds the token, encoded.',
    },
    operations: {
      write: {
        summary: 'Give a key share',
        handler: ({ fields, origin }) =>
          withPublicErrors(async () => ({
            data: statusBody(await generateRoot.provide(fields.key, fields.nonce, origin.remoteAddress)),
          })),
      },
    },
  });
}

function statusBody(status: GenerateRootStatus): JsonObject {
  return {
    nonce: status.nonce,
    started: status.started,
    progress: status.progress,
    required: status.required,
    complete: status.complete,
    encoded_token: status.encodedToken,
    encoded_root_token: status.encodedToken,
    pgp_fingerprint: status.fingerprint,
    otp: status.otp,
    otp_length: status.complete ? 0 : otpLength,
  };
}
