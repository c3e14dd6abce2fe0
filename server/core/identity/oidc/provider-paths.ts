import { invalidRequest } from '../../../contracts/errors.ts';
import {
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../../contracts/paths.ts';
import type { JsonObject } from '../../../contracts/request.ts';
import { pageFields } from '../identity-lists.ts';
import { claimsFor } from './claim-template.ts';
import { checkIssuer, issuerWarning } from './config-path.ts';
import { allows } from './identity-token-paths.ts';
import type { OidcDraft } from './oidc-draft.ts';
import { checkName, isName, nameSet } from './oidc-names.ts';
import { defaultName, type ProviderRecord } from './oidc-records.ts';
import { type OidcServices, providerIssuer } from './oidc-services.ts';
import type { OidcStore, Where } from './oidc-store.ts';

const fields = {
  name: { type: 'string', description: 'Name of the provider', required: true },
  issuer: {
    type: 'string',
    description: 'Scheme, host and port of its issuer; empty for the address of the server',
  },
  allowed_client_ids: { type: 'strings', description: 'Client ids that may use it; `*` for all' },
  scopes_supported: { type: 'strings', description: 'Scopes that it offers beside openid' },
} as const satisfies FieldDeclarations;

/** `identity/oidc/provider…`: whom clients know as the issuer. */
export function providerPaths(services: OidcServices): PathDeclaration[] {
  const { store } = services;
  return [
    definePath({
      pattern: 'oidc/provider/{name}',
      fields,
      exists: async ({ fields, namespace }) =>
        (await store.read(namespace, 'provider', fields.name)) !== undefined,
      help: {
        synopsis: 'An OpenID Connect provider.',
        description: 'Which clients may use it and which scopes it offers. The provider default is there.',
      },
      operations: {
        write: {
          summary: 'Create or update a provider',
          examples: [
            { description: 'For all clients', data: { allowed_client_ids: '*', scopes_supported: 'groups' } },
          ],
          async handler({ fields, namespace }) {
            const warnings = await writeProvider(store, namespace, fields);
            return warnings.length === 0 ? undefined : { warnings };
          },
        },
        read: {
          summary: 'Read a provider',
          pure: true,
          async handler({ fields: { name }, namespace }) {
            const provider = await store.read(namespace, 'provider', name);
            return provider && { data: shown(services, namespace, name, provider) };
          },
        },
        delete: {
          summary: 'Delete a provider',
          async handler({ fields: { name }, namespace }) {
            if (name === defaultName) throw invalidRequest(`deletion of OIDC provider "${name}" not allowed`);
            if (!isName(name)) return undefined;
            await store.changeSettings(namespace, async (draft) => draft.remove(`provider/${name}`));
            return undefined;
          },
        },
      },
    }),
    listProviders(services),
  ];
}

/** Of every provider, or of those that a client may use. */
function listProviders(services: OidcServices): PathDeclaration {
  const { store } = services;
  return definePath({
    pattern: 'oidc/provider',
    fields: {
      ...pageFields,
      allowed_client_id: {
        type: 'string',
        description: 'Only those that this client may use',
        query: true,
      },
    },
    help: {
      synopsis: 'All providers by name.',
      description: 'In order; in pages with `after` and `limit`.',
    },
    operations: {
      list: {
        summary: 'List providers',
        pure: true,
        async handler({ fields: { after = '', limit = 0, allowed_client_id: clientId = '' }, namespace }) {
          const wanted = (await store.all(namespace, 'provider')).filter(
            ([name, provider]) => name > after && (clientId === '' || allows(provider, clientId)),
          );
          const page = limit > 0 ? wanted.slice(0, limit) : wanted;
          if (page.length === 0) return undefined;
          const info = page.map(([name, provider]) => [name, shown(services, namespace, name, provider)]);
          return { data: { key_info: Object.fromEntries(info), keys: page.map(([name]) => name) } };
        },
      },
    },
  });
}

function shown(services: OidcServices, namespace: Where, name: string, provider: ProviderRecord): JsonObject {
  return {
    allowed_client_ids: provider.allowedClientIds,
    issuer: providerIssuer(services, namespace, name, provider.issuer),
    scopes_supported: provider.scopesSupported,
  };
}

/** Resolves with warnings. Throws 'invalid-request'. */
function writeProvider(
  store: OidcStore,
  namespace: Where,
  wish: FieldValues<typeof fields>,
): Promise<string[]> {
  checkName(wish.name);
  return store.changeSettings(namespace, async (draft) => {
    const before = await store.find(draft, 'provider', wish.name);
    const provider: ProviderRecord = {
      issuer: wish.issuer ?? before?.issuer ?? '',
      allowedClientIds: nameSet(wish.allowed_client_ids ?? before?.allowedClientIds ?? []),
      scopesSupported: nameSet(wish.scopes_supported ?? before?.scopesSupported ?? []),
    };
    checkIssuer(provider.issuer);
    const conflicts = await conflictsOf(store, draft, provider.scopesSupported);
    draft.put(`provider/${wish.name}`, provider);
    return provider.issuer === '' ? conflicts : [issuerWarning, ...conflicts];
  });
}

async function conflictsOf(store: OidcStore, draft: OidcDraft, scopes: readonly string[]): Promise<string[]> {
  const warnings: string[] = [];
  const from = new Map<string, string>();
  for (const name of scopes) {
    const scope = await store.find(draft, 'scope', name);
    if (!scope) throw invalidRequest('scopes_supported: one of them does not exist');
    for (const claim of Object.keys(claimsFor(scope.template))) {
      const other = from.get(claim);
      if (other !== undefined)
        warnings.push(
          `Found scope templates with conflicting top-level keys: conflict "${claim}" in scopes "${name}", "${other}". This may result in an error if the scopes are requested in an OIDC Authentication Request.`,
        );
      from.set(claim, name);
    }
  }
  return warnings;
}
