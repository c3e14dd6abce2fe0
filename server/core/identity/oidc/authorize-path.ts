import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../../contracts/paths.ts';
import type { Reply } from '../../../contracts/request.ts';
import { isAssigned } from './assignment-paths.ts';
import type { Codes } from './codes.ts';
import { allows } from './identity-token-paths.ts';
import { AuthorizeError, authorizeErrorReply, plainReply } from './oauth-reply.ts';
import type { ClientRecord } from './oidc-records.ts';
import type { OidcServices, SignedIn } from './oidc-services.ts';
import type { Where } from './oidc-store.ts';
import { readChallenge } from './proof-key.ts';
import { isAllowedRedirect } from './redirect-uris.ts';
import { openidScope, scopesOf } from './scope-paths.ts';

const text = (description: string) => ({ type: 'string', description, query: true }) as const;
const fields = {
  name: { type: 'string', description: 'Name of the provider', required: true },
  client_id: { ...text('Who asks'), default: '' },
  scope: { ...text('Scopes, with spaces between them; openid is among them'), default: '' },
  redirect_uri: { ...text('Where the user goes back to: one that the client has registered'), default: '' },
  response_type: { ...text('code'), default: '' },
  state: { ...text('Comes back as it is'), default: '' },
  nonce: { ...text('Comes back in the ID token'), default: '' },
  max_age: { type: 'int', description: 'Seconds since the user signed in, at the most', query: true },
  code_challenge: text('PKCE challenge (RFC 7636)'),
  code_challenge_method: { ...text('S256 or plain; plain when missing'), default: '' },
  prompt: text('Not used: who asks has a token'),
  request: text('Not supported'),
  request_uri: text('Not supported'),
} as const satisfies FieldDeclarations;

type Fields = FieldValues<typeof fields>;
/** Longest of what is only passed through. */
const longestText = 4096;

/** `identity/oidc/provider/:name/authorize`: the authorisation endpoint, for whoever has a token of the user. */
export function authorizePath(services: OidcServices, codes: Codes): PathDeclaration {
  const handler = async (call: Call<Fields>): Promise<Reply> => {
    const { state } = call.fields;
    try {
      return plainReply({ code: await authorize(services, codes, call), state });
    } catch (error) {
      if (!(error instanceof AuthorizeError)) throw error;
      return authorizeErrorReply(error, error.code.endsWith('_not_supported') ? '' : state);
    }
  };
  return definePath({
    pattern: 'oidc/provider/{name}/authorize',
    fields,
    shape: 'bare',
    help: {
      synopsis: 'Sign in to a client.',
      description:
        'The console, or the client itself on behalf of the user, asks with a token of the user and gets a code, which the client exchanges for tokens.',
    },
    operations: {
      read: { summary: 'Get a code', handler },
      write: { summary: 'Get a code', handler },
    },
  });
}

async function authorize(services: OidcServices, codes: Codes, call: Call<Fields>): Promise<string> {
  const { fields, namespace, caller } = call;
  const client = await clientOf(services, call);
  const scopes = await scopesOfRequest(services, call);
  const signedIn = await signedInOf(services, namespace, caller, client);
  const challenge = readChallenge(fields.code_challenge, fields.code_challenge_method);
  if (!challenge && client.clientType === 'public')
    throw new AuthorizeError('invalid_request', 'PKCE is required for public clients');
  if (fields.nonce.length > longestText) throw new AuthorizeError('invalid_request', 'nonce is too long');
  const authTimeSeconds = authTimeOf(services, signedIn, fields.max_age);
  return codes.make(namespace, {
    provider: fields.name,
    clientId: client.clientId,
    entityId: signedIn.view.entityId,
    entityNamespaceId: signedIn.view.namespace.id,
    redirectUri: fields.redirect_uri,
    scopes,
    nonce: fields.nonce,
    ...(challenge ? { challenge } : {}),
    ...(authTimeSeconds === undefined ? {} : { authTimeSeconds }),
  });
}

async function clientOf({ store }: OidcServices, { fields, namespace }: Call<Fields>): Promise<ClientRecord> {
  if (fields.client_id === '')
    throw new AuthorizeError('invalid_client_id', 'client_id parameter is required');
  const client = await store.clientById(namespace, fields.client_id);
  if (!client) throw new AuthorizeError('invalid_client_id', 'client with client_id not found');
  if (!client.authorizationCode)
    throw new AuthorizeError(
      'unauthorized_client',
      'client not allowed to perform authorization code credential flow',
    );
  if (fields.redirect_uri === '')
    throw new AuthorizeError('invalid_request', 'redirect_uri parameter is required');
  if (!isAllowedRedirect(fields.redirect_uri, client.redirectUris))
    throw new AuthorizeError('invalid_redirect_uri', 'redirect_uri is not allowed for the client');
  return client;
}

async function scopesOfRequest(
  { store }: OidcServices,
  { fields, namespace }: Call<Fields>,
): Promise<string[]> {
  const provider = await store.read(namespace, 'provider', fields.name);
  if (!provider) throw new AuthorizeError('invalid_request', 'provider not found');
  if (!allows(provider, fields.client_id))
    throw new AuthorizeError('unauthorized_client', 'client is not authorized to use the provider');
  if (fields.request !== undefined)
    throw new AuthorizeError('request_not_supported', 'request parameter is not supported');
  if (fields.request_uri !== undefined)
    throw new AuthorizeError('request_uri_not_supported', 'request_uri parameter is not supported');
  const scopes = scopesOf(fields.scope, provider.scopesSupported);
  if (!scopes)
    throw new AuthorizeError('invalid_request', `scope parameter must contain the "${openidScope}" value`);
  if (fields.response_type === '')
    throw new AuthorizeError('invalid_request', 'response_type parameter is required');
  if (fields.response_type !== 'code')
    throw new AuthorizeError('unsupported_response_type', 'unsupported response_type value');
  return scopes;
}

async function signedInOf(
  services: OidcServices,
  namespace: Where,
  caller: Call<Fields>['caller'],
  client: ClientRecord,
): Promise<SignedIn> {
  const signedIn = await services.signedIn(caller);
  if (!signedIn)
    throw new AuthorizeError('access_denied', 'identity entity must be associated with the request');
  if (!(await isAssigned(services.store, namespace, signedIn.view, client.assignments)))
    throw new AuthorizeError('access_denied', 'identity entity not authorized by client assignment');
  return signedIn;
}

/** OpenID Connect Core 3.1.2.1: a client that asks how long ago is also told when. */
function authTimeOf(
  { store }: OidcServices,
  { signedInMs }: SignedIn,
  maxAge: number | undefined,
): number | undefined {
  if (maxAge === undefined) return undefined;
  if (maxAge < 1) throw new AuthorizeError('invalid_request', 'max_age must be greater than zero');
  if (store.clock.now() - signedInMs > maxAge * 1000)
    throw new AuthorizeError('max_age_violation', 'active re-authentication is required by max_age');
  return Math.floor(signedInMs / 1000);
}
