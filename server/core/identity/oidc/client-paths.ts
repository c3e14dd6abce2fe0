import { invalidRequest } from '../../../contracts/errors.ts';
import {
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../../contracts/paths.ts';
import { randomText } from '../../../crypto/random.ts';
import { listPath } from './list-path.ts';
import { checkName, nameSet } from './oidc-names.ts';
import { type ClientRecord, defaultName } from './oidc-records.ts';
import type { OidcServices } from './oidc-services.ts';
import type { OidcStore, Where } from './oidc-store.ts';
import { checkRedirectUri } from './redirect-uris.ts';

const fields = {
  name: { type: 'string', description: 'Name of the client', required: true },
  redirect_uris: { type: 'strings', description: 'Where users may be sent back to' },
  assignments: { type: 'strings', description: 'Who may sign in; allow_all for everybody' },
  key: { type: 'string', description: 'The key that signs; cannot be changed later. Unless given, default' },
  id_token_ttl: { type: 'duration', description: 'Life of ID tokens; a day unless set' },
  access_token_ttl: { type: 'duration', description: 'Life of access tokens; a day unless set' },
  client_type: {
    type: 'string',
    description: 'confidential (unless given) has a secret; public has none, and has to use PKCE',
  },
  authorization_code: { type: 'bool', description: 'Users may sign in to it; true unless set' },
  client_credentials: { type: 'bool', description: 'It may ask for an access token of its own' },
} as const satisfies FieldDeclarations;

type Wish = FieldValues<typeof fields>;

const defaultTtlSeconds = 24 * 60 * 60;
const clientIdLength = 32;
const secretLength = 64;

/** `identity/oidc/client…`: applications that users sign in to. */
export function clientPaths({ store, keys }: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/client/{name}',
      fields,
      exists: async ({ fields, namespace }) =>
        (await store.read(namespace, 'client', fields.name)) !== undefined,
      help: {
        synopsis: 'An application that users sign in to.',
        description:
          'Its client_id, and for a confidential one its client_secret, are made here and read back.',
      },
      operations: {
        write: {
          summary: 'Create or update a client',
          examples: [
            {
              description: 'A web application',
              data: { redirect_uris: 'https://app.example.com/callback', assignments: 'allow_all' },
            },
          ],
          async handler({ fields, namespace }) {
            const key = await writeClient(store, namespace, fields);
            await keys.ready(namespace, key);
            return undefined;
          },
        },
        read: {
          summary: 'Read a client with its secret',
          pure: true,
          async handler({ fields, namespace }) {
            const client = await store.read(namespace, 'client', fields.name);
            if (!client) return undefined;
            const { clientSecret } = client;
            const secret = clientSecret === undefined ? {} : { client_secret: clientSecret };
            return { data: { ...shownClient(client), ...secret } };
          },
        },
        delete: {
          summary: 'Delete a client; its tokens are refused from then on',
          async handler({ fields: { name }, namespace }) {
            await store.changeSettings(namespace, async (draft) => {
              const client = await store.find(draft, 'client', name);
              if (!client) return;
              draft.remove(`client/${name}`);
              draft.remove(`client-id/${client.clientId}`);
            });
            return undefined;
          },
        },
      },
    }),
    listPath(
      'oidc/client',
      'clients',
      (namespace) => store.names(namespace, 'client'),
      async (namespace, names) => {
        const clients = new Map(await store.all(namespace, 'client'));
        return Object.fromEntries(
          names.flatMap((name) => {
            const client = clients.get(name);
            return client ? [[name, shownClient(client)]] : [];
          }),
        );
      },
    ),
  ];
}

/** Resolves with the name of its key. Throws 'invalid-request'. */
function writeClient(store: OidcStore, namespace: Where, wish: Wish): Promise<string> {
  checkName(wish.name);
  return store.changeSettings(namespace, async (draft) => {
    const before = await store.find(draft, 'client', wish.name);
    const assignments = nameSet(wish.assignments ?? before?.assignments ?? []);
    for (const assignment of assignments)
      if (!(await store.find(draft, 'assignment', assignment)))
        throw invalidRequest('assignments: one of them does not exist');
    const keyName = keyOf(wish, before);
    const key = await store.find(draft, 'key', keyName);
    if (!key) throw invalidRequest('key: there is none of that name');
    const idTokenTtlSeconds = wish.id_token_ttl ?? before?.idTokenTtlSeconds ?? defaultTtlSeconds;
    if (idTokenTtlSeconds > key.verificationTtlSeconds)
      throw invalidRequest(
        "a client's id_token_ttl cannot be greater than the verification_ttl of the key it references",
      );
    const redirectUris = nameSet(wish.redirect_uris ?? before?.redirectUris ?? []);
    redirectUris.forEach(checkRedirectUri);
    const clientType = typeOf(wish, before);
    const clientCredentials = wish.client_credentials ?? before?.clientCredentials ?? false;
    // RFC 6749 section 4.4: whoever knows the id of a public client would be that client.
    if (clientCredentials && clientType === 'public')
      throw invalidRequest('client_credentials needs a client_type of "confidential"');
    const client: ClientRecord = {
      ...identityOf(clientType, before),
      clientType,
      key: keyName,
      redirectUris,
      assignments,
      idTokenTtlSeconds,
      accessTokenTtlSeconds: wish.access_token_ttl ?? before?.accessTokenTtlSeconds ?? defaultTtlSeconds,
      authorizationCode: wish.authorization_code ?? before?.authorizationCode ?? true,
      clientCredentials,
    };
    draft.put(`client/${wish.name}`, client);
    draft.put(`client-id/${client.clientId}`, wish.name);
    return keyName;
  });
}

function keyOf(wish: Wish, before: ClientRecord | undefined): string {
  if (before && wish.key !== undefined && wish.key !== before.key)
    throw invalidRequest('key modification is not allowed');
  return wish.key ?? before?.key ?? defaultName;
}

function typeOf(wish: Wish, before: ClientRecord | undefined): ClientRecord['clientType'] {
  const type = wish.client_type ?? before?.clientType ?? 'confidential';
  if (before && type !== before.clientType) throw invalidRequest('client_type modification is not allowed');
  if (type === 'confidential' || type === 'public') return type;
  throw invalidRequest('client_type is one of confidential, public');
}

function identityOf(
  type: ClientRecord['clientType'],
  before: ClientRecord | undefined,
): Pick<ClientRecord, 'clientId' | 'clientSecret'> {
  if (before) {
    const { clientId, clientSecret } = before;
    return clientSecret === undefined ? { clientId } : { clientId, clientSecret };
  }
  const clientId = randomText(clientIdLength);
  return type === 'public'
    ? { clientId }
    : { clientId, clientSecret: `hvo_secret_${randomText(secretLength)}` };
}

function shownClient(client: ClientRecord) {
  return {
    access_token_ttl: client.accessTokenTtlSeconds,
    assignments: client.assignments,
    authorization_code: client.authorizationCode,
    client_credentials: client.clientCredentials,
    client_id: client.clientId,
    client_type: client.clientType,
    id_token_ttl: client.idTokenTtlSeconds,
    key: client.key,
    redirect_uris: client.redirectUris,
  };
}
