import { definePath, type FieldDeclarations, type PathDeclaration } from '../../../contracts/paths.ts';
import { listPath } from './list-path.ts';
import type { OidcServices } from './oidc-services.ts';
import type { SigningKeys } from './signing-keys.ts';

const name = { type: 'string', description: 'Name of the key', required: true } as const;
const fields = {
  name,
  rotation_period: { type: 'duration', description: 'How often a new pair takes over; a day unless set' },
  verification_ttl: {
    type: 'duration',
    description: 'How long a key verifies after it has signed its last; a day unless set',
  },
  allowed_client_ids: {
    type: 'strings',
    description: 'Client ids of roles and clients that may sign with it; `*` for all',
  },
  algorithm: {
    type: 'string',
    description: 'RS256 (unless set), RS384, RS512, ES256, ES384, ES512 or EdDSA',
  },
} as const satisfies FieldDeclarations;

/** `identity/oidc/key…`: keys that sign identity tokens and ID tokens. */
export function keyPaths({ store, keys }: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/key/{name}',
      fields,
      exists: async ({ fields, namespace }) =>
        (await store.read(namespace, 'key', fields.name)) !== undefined,
      help: {
        synopsis: 'A key that signs.',
        description:
          'A name for pairs of keys that follow one another. The next one is published one rotation before it signs, and the last one until what it signed has ended.',
      },
      operations: {
        write: {
          summary: 'Create or update a key',
          examples: [
            {
              description: 'For all clients, changed every twelve hours',
              data: { allowed_client_ids: '*', rotation_period: '12h', algorithm: 'ES256' },
            },
          ],
          async handler({ fields, namespace }) {
            await keys.write(namespace, fields.name, fields);
            return undefined;
          },
        },
        read: {
          summary: 'Read a key',
          pure: true,
          async handler({ fields, namespace }) {
            const key = await store.read(namespace, 'key', fields.name);
            return (
              key && {
                data: {
                  algorithm: key.algorithm,
                  allowed_client_ids: key.allowedClientIds,
                  rotation_period: key.rotationPeriodSeconds,
                  verification_ttl: key.verificationTtlSeconds,
                },
              }
            );
          },
        },
        delete: {
          summary: 'Delete a key; what it signed no longer verifies',
          async handler({ fields, namespace }) {
            await keys.remove(namespace, fields.name);
            return undefined;
          },
        },
      },
    }),
    rotatePath(keys),
    listPath('oidc/key', 'keys', (namespace) => store.names(namespace, 'key')),
  ];
}

function rotatePath(keys: SigningKeys): PathDeclaration {
  return definePath({
    pattern: 'oidc/key/{name}/rotate',
    fields: {
      name,
      verification_ttl: {
        type: 'duration',
        description: 'How long the key that signed until now verifies, instead of what the key says',
      },
    },
    help: {
      synopsis: 'Rotate a key now.',
      description: 'The key that was announced signs from now on, and another is announced.',
    },
    operations: {
      write: {
        summary: 'Rotate a key',
        async handler({ fields, namespace }) {
          await keys.rotate(namespace, fields.name, fields.verification_ttl);
          return undefined;
        },
      },
    },
  });
}
