import { type Call, definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../../contracts/request.ts';
import { isAssigned } from './assignment-paths.ts';
import { allows } from './identity-token-paths.ts';
import { plainReply, UserInfoError, userInfoErrorReply } from './oauth-reply.ts';
import type { OidcServices } from './oidc-services.ts';
import { scopeClaims } from './scope-paths.ts';

type Asked = Call<{ readonly name: string }>;

/** `identity/oidc/provider/:name/userinfo`: claims about whom an access token is for. */
export function userInfoPath(services: OidcServices): PathDeclaration {
  const handler = async (call: Asked): Promise<Reply> => {
    try {
      return plainReply(await userInfo(services, call));
    } catch (error) {
      if (error instanceof UserInfoError) return userInfoErrorReply(error);
      throw error;
    }
  };
  return definePath({
    pattern: 'oidc/provider/{name}/userinfo',
    fields: { name: { type: 'string', description: 'Name of the provider', required: true } },
    shape: 'bare',
    challenge: 'bearer',
    help: {
      synopsis: 'Claims about the user.',
      description:
        'For an access token of the provider, as the bearer token: the scopes that it was issued for.',
    },
    operations: {
      read: { summary: 'Read claims', pure: true, handler },
      write: { summary: 'Read claims', pure: true, handler },
    },
  });
}

async function userInfo(
  services: OidcServices,
  { fields, namespace, caller, origin }: Asked,
): Promise<JsonObject> {
  const { store } = services;
  const provider = await store.read(namespace, 'provider', fields.name);
  if (!provider) throw new UserInfoError('invalid_request', 'provider not found');
  const bearer = /^Bearer +(.+)$/i.exec(origin.authorization ?? '')?.[1]?.trim();
  if (bearer === undefined || bearer !== origin.token)
    throw new UserInfoError('invalid_token', 'access token must be sent as a Bearer token');
  const access = await services.accessTokens.of(caller);
  if (!access) throw new UserInfoError('invalid_token', 'access token is malformed or invalid');
  const client = await store.clientById(namespace, access.clientId);
  if (!client) throw new UserInfoError('access_denied', 'client not found');
  const signedIn = await services.signedIn(caller);
  if (!signedIn)
    throw new UserInfoError('access_denied', 'identity entity must be associated with the request');
  const { view } = signedIn;
  if (!(await isAssigned(store, namespace, view, client.assignments)))
    throw new UserInfoError('access_denied', 'identity entity not authorized by client assignment');
  if (!allows(provider, access.clientId))
    throw new UserInfoError('access_denied', 'client is not authorized to use the provider');
  const scopes = access.scopes.filter((scope) => provider.scopesSupported.includes(scope));
  const claims = await scopeClaims(store, namespace, scopes, view.identity);
  if (typeof claims === 'string')
    throw new UserInfoError('invalid_request', 'scopes with conflicting claims');
  return { ...claims, sub: view.entityId };
}
