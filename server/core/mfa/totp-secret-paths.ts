import { qrCodePng } from '../../../formats/qr-code/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { otpauthUrl } from '../../crypto/otpauth-url.ts';
import type { EntityRecord } from '../identity/entity-record.ts';
import { methodById } from './method-store.ts';
import type { MfaPathOptions } from './mfa-paths.ts';
import type { TotpMethodRecord } from './mfa-record.ts';

const methodField = { type: 'string', description: 'Id of a TOTP method', default: '' } as const;
const entityField = { type: 'string', description: 'Id of the entity', default: '' } as const;

type Where = Call<object>['namespace'];

/** `identity/mfa/method/totp/generate`, `admin-generate`, `admin-destroy`: keys of entities. */
export function totpSecretPaths(options: MfaPathOptions): PathDeclaration[] {
  return [
    definePath({
      pattern: 'mfa/method/totp/generate',
      fields: { method_id: methodField },
      help: {
        synopsis: 'A key for one’s own authenticator.',
        description:
          'For the entity of the token that asks, once. It is shown in this answer and never again.',
      },
      operations: {
        write: {
          summary: 'Generate the key of the caller’s own entity',
          handler: ({ fields, caller, namespace }) =>
            generate(options, namespace, fields.method_id, caller.entityId),
        },
      },
    }),
    definePath({
      pattern: 'mfa/method/totp/admin-generate',
      fields: { method_id: methodField, entity_id: entityField },
      help: {
        synopsis: 'A key for somebody’s authenticator.',
        description: 'For any entity of the namespace, once, until it is destroyed.',
      },
      operations: {
        write: {
          summary: 'Generate the key of an entity',
          handler: ({ fields, namespace }) =>
            generate(options, namespace, fields.method_id, fields.entity_id),
        },
      },
    }),
    definePath({
      pattern: 'mfa/method/totp/admin-destroy',
      fields: { method_id: methodField, entity_id: entityField },
      help: {
        synopsis: 'Take an entity’s key away.',
        description: 'For a lost authenticator. Until there is another key, logins that need it are refused.',
      },
      operations: {
        write: {
          summary: 'Destroy the key of an entity',
          async handler({ fields, namespace }) {
            const { entity, method } = await target(options, namespace, fields.method_id, fields.entity_id);
            await options.secrets.destroy(namespace.id, entity, method.id);
            return undefined;
          },
        },
      },
    }),
  ];
}

async function generate(
  options: MfaPathOptions,
  namespace: Where,
  methodId: string,
  entityId: string,
): Promise<Reply> {
  const { entity, method } = await target(options, namespace, methodId, entityId);
  const key = await options.secrets.create(namespace.id, entity, method);
  if (!key)
    return {
      data: null,
      warnings: [`Entity already has a secret for MFA method ${JSON.stringify(method.name)}`],
    };
  const { settings } = method;
  const url = otpauthUrl({ ...settings, accountName: entity.id, key });
  const png = settings.qrSize === 0 ? undefined : await qrCodePng(url, settings.qrSize);
  return { data: { barcode: png ? Buffer.from(png).toString('base64') : '', url } };
}

/** Throws 'invalid-request' in Vault's words. */
async function target(
  { configs, subjects }: MfaPathOptions,
  namespace: Where,
  methodId: string,
  entityId: string,
): Promise<{ readonly entity: EntityRecord; readonly method: TotpMethodRecord }> {
  if (methodId === '') throw invalidRequest('missing method ID');
  if (entityId === '') throw invalidRequest('missing entity ID');
  const found = await methodById(configs, namespace, methodId);
  if (!found) throw invalidRequest('configuration for the method ID does not exist');
  if (found.value.type !== 'totp') throw invalidRequest('method ID does not match TOTP type');
  const entity = await subjects.entity(namespace.id, entityId);
  if (!entity) throw invalidRequest('invalid entity ID');
  return { entity, method: found.value };
}
