import { invalidRequest } from '../../../contracts/errors.ts';
import {
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../../contracts/paths.ts';
import { randomText } from '../../../crypto/random.ts';
import { checkTemplate, decodeTemplate } from './claim-template.ts';
import { listPath } from './list-path.ts';
import { checkName, isName } from './oidc-names.ts';
import type { RoleRecord } from './oidc-records.ts';
import type { OidcServices } from './oidc-services.ts';
import type { OidcStore, Where } from './oidc-store.ts';

const fields = {
  name: { type: 'string', description: 'Name of the role', required: true },
  key: { type: 'string', description: 'The key that signs' },
  template: { type: 'string', description: 'Claims as a JSON template, also in base64' },
  ttl: { type: 'duration', description: 'Life of its tokens; a day unless set' },
  client_id: { type: 'string', description: 'Audience of its tokens; made up unless given' },
} as const satisfies FieldDeclarations;

const defaultTtlSeconds = 24 * 60 * 60;
const clientIdLength = 26;
const longestClientId = 512;

/** `identity/oidc/role…`: what identity tokens say. */
export function rolePaths({ store, keys }: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/role/{name}',
      fields,
      exists: async ({ fields, namespace }) =>
        (await store.read(namespace, 'role', fields.name)) !== undefined,
      help: {
        synopsis: 'A kind of identity token.',
        description: 'Which key signs it, for whom it is, how long it lives, and what it says of the entity.',
      },
      operations: {
        write: {
          summary: 'Create or update a role',
          examples: [
            {
              description: 'With the groups of the entity',
              data: { key: 'default', template: '{"groups":{{identity.entity.groups.names}}}', ttl: '15m' },
            },
          ],
          async handler({ fields, namespace }) {
            const key = await writeRole(store, namespace, fields);
            await keys.ready(namespace, key);
            return undefined;
          },
        },
        read: {
          summary: 'Read a role',
          pure: true,
          async handler({ fields, namespace }) {
            const role = await store.read(namespace, 'role', fields.name);
            return role && { data: shownRole(role) };
          },
        },
        delete: {
          summary: 'Delete a role',
          async handler({ fields, namespace }) {
            if (!isName(fields.name)) return undefined;
            await store.changeSettings(namespace, async (draft) => draft.remove(`role/${fields.name}`));
            return undefined;
          },
        },
      },
    }),
    listPath('oidc/role', 'roles', (namespace) => store.names(namespace, 'role')),
  ];
}

/** Resolves with the name of its key. Throws 'invalid-request'. */
async function writeRole(
  store: OidcStore,
  namespace: Where,
  wish: FieldValues<typeof fields>,
): Promise<string> {
  checkName(wish.name);
  return store.changeSettings(namespace, async (draft) => {
    const before = await store.find(draft, 'role', wish.name);
    const keyName = wish.key ?? before?.key ?? '';
    if (keyName === '') throw invalidRequest('the key parameter is required');
    const template = decodeTemplate(wish.template ?? before?.template ?? '');
    checkTemplate(template);
    const key = await store.find(draft, 'key', keyName);
    if (!key) throw invalidRequest('key: there is none of that name');
    const ttlSeconds = wish.ttl ?? before?.ttlSeconds ?? defaultTtlSeconds;
    if (ttlSeconds > key.verificationTtlSeconds)
      throw invalidRequest(
        "a role's token ttl cannot be longer than the verification_ttl of the key it references",
      );
    const given = wish.client_id ?? before?.clientId ?? '';
    if (given.length > longestClientId)
      throw invalidRequest(`a client_id has at most ${longestClientId} characters`);
    const clientId = given === '' ? randomText(clientIdLength) : given;
    const role: RoleRecord = { key: keyName, template, ttlSeconds, clientId };
    draft.put(`role/${wish.name}`, role);
    return keyName;
  });
}

function shownRole({ clientId, key, template, ttlSeconds }: RoleRecord) {
  return { client_id: clientId, key, template, ttl: ttlSeconds };
}
