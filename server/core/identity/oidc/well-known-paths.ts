import { definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import { plainReply } from './oauth-reply.ts';
import { algorithmNames } from './oidc-records.ts';
import { identityIssuer, type OidcServices, providerIssuer } from './oidc-services.ts';
import { keysReply, publishedForClients, publishedForRoles } from './published-keys.ts';

export const discoveryHeaders = { 'Cache-Control': 'max-age=3600' };

const name = { type: 'string', description: 'Name of the provider', required: true } as const;
const discoveryHelp = {
  synopsis: 'What verifiers and clients need to know.',
  description: 'The metadata of OpenID Connect Discovery 1.0, for anybody.',
};
const keysHelp = {
  synopsis: 'Keys to verify with.',
  description:
    'A JWK set (RFC 7517) for anybody: what signs, what will sign next, and what has signed lately.',
};

/** `.well-known/…` of identity tokens and of each provider: the only paths of identity for everybody. */
export function wellKnownPaths(services: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/.well-known/openid-configuration',
      fields: {},
      access: 'anyone',
      shape: 'bare',
      help: discoveryHelp,
      operations: {
        read: {
          summary: 'Read the metadata',
          pure: true,
          async handler({ namespace }) {
            const issuer = await identityIssuer(services, namespace);
            return plainReply(
              {
                issuer,
                jwks_uri: `${issuer}/.well-known/keys`,
                response_types_supported: ['id_token'],
                subject_types_supported: ['public'],
                id_token_signing_alg_values_supported: algorithmNames,
              },
              200,
              discoveryHeaders,
            );
          },
        },
      },
    }),
    definePath({
      pattern: 'oidc/.well-known/keys',
      fields: {},
      access: 'anyone',
      shape: 'bare',
      help: keysHelp,
      operations: {
        read: {
          summary: 'Read the keys that roles sign with',
          pure: true,
          handler: async ({ namespace }) => keysReply(await publishedForRoles(services, namespace)),
        },
      },
    }),
    ...ofProviders(services),
  ];
}

function ofProviders(services: OidcServices): PathDeclaration[] {
  const { store } = services;
  return [
    definePath({
      pattern: 'oidc/provider/{name}/.well-known/openid-configuration',
      fields: { name },
      access: 'anyone',
      shape: 'bare',
      help: discoveryHelp,
      operations: {
        read: {
          summary: 'Read the metadata of a provider',
          pure: true,
          async handler({ fields, namespace }) {
            const provider = await store.read(namespace, 'provider', fields.name);
            if (!provider) return undefined;
            const issuer = providerIssuer(services, namespace, fields.name, provider.issuer);
            return plainReply(providerMetadata(issuer, provider.scopesSupported), 200, discoveryHeaders);
          },
        },
      },
    }),
    definePath({
      pattern: 'oidc/provider/{name}/.well-known/keys',
      fields: { name },
      access: 'anyone',
      shape: 'bare',
      help: keysHelp,
      operations: {
        read: {
          summary: 'Read the keys that clients of a provider sign with',
          pure: true,
          async handler({ fields, namespace }) {
            const provider = await store.read(namespace, 'provider', fields.name);
            if (!provider) return undefined;
            return keysReply(await publishedForClients(services, namespace, provider.allowedClientIds));
          },
        },
      },
    }),
  ];
}

/** The page where users agree is part of the console, as in Vault. */
function providerMetadata(issuer: string, scopes: readonly string[]) {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/keys`,
    authorization_endpoint: `${issuer.replace('/v1/', '/ui/vault/')}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    id_token_signing_alg_values_supported: algorithmNames,
    response_types_supported: ['code'],
    scopes_supported: [...scopes, 'openid'],
    claims_supported: [],
    subject_types_supported: ['public'],
    grant_types_supported: ['authorization_code', 'client_credentials'],
    code_challenge_methods_supported: ['plain', 'S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  };
}
