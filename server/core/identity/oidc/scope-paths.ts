import { invalidRequest } from '../../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import type { JsonObject } from '../../../contracts/request.ts';
import type { TemplateIdentity } from '../../policies/render-templates.ts';
import { checkTemplate, decodeTemplate, renderClaims } from './claim-template.ts';
import { listPath } from './list-path.ts';
import { checkName, isName, refuseReferenced } from './oidc-names.ts';
import type { ScopeRecord } from './oidc-records.ts';
import type { OidcServices } from './oidc-services.ts';
import type { OidcStore, Where } from './oidc-store.ts';

/** Asked for by every client, and described by nobody. */
export const openidScope = 'openid';

/** `identity/oidc/scope…`: claims that clients may ask for. */
export function scopePaths({ store }: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/scope/{name}',
      fields: {
        name: { type: 'string', description: 'Name of the scope', required: true },
        template: { type: 'string', description: 'Its claims as a JSON template, also in base64' },
        description: { type: 'string', description: 'For people' },
      },
      exists: async ({ fields, namespace }) =>
        (await store.read(namespace, 'scope', fields.name)) !== undefined,
      help: {
        synopsis: 'Claims that clients may ask for.',
        description: 'A provider offers scopes, and a client asks for them when a user signs in.',
      },
      operations: {
        write: {
          summary: 'Create or update a scope',
          examples: [
            {
              description: 'Groups of the user',
              data: { template: '{"groups":{{identity.entity.groups.names}}}', description: 'Groups' },
            },
          ],
          async handler({ fields: { name, ...wish }, namespace }) {
            if (name === openidScope) throw invalidRequest(`the "${name}" scope name is reserved`);
            checkName(name);
            await store.changeSettings(namespace, async (draft) => {
              const before = await store.find(draft, 'scope', name);
              const scope: ScopeRecord = {
                template: decodeTemplate(wish.template ?? before?.template ?? ''),
                description: wish.description ?? before?.description ?? '',
              };
              checkTemplate(scope.template);
              draft.put(`scope/${name}`, scope);
            });
            return undefined;
          },
        },
        read: {
          summary: 'Read a scope',
          pure: true,
          async handler({ fields, namespace }) {
            const found = await store.read(namespace, 'scope', fields.name);
            return found && { data: { description: found.description, template: found.template } };
          },
        },
        delete: {
          summary: 'Delete a scope that no provider offers',
          async handler({ fields: { name }, namespace }) {
            if (!isName(name)) return undefined;
            await store.changeSettings(namespace, async (draft) => {
              const providers = await store.all(namespace, 'provider');
              const users = providers.filter(([, { scopesSupported }]) => scopesSupported.includes(name));
              refuseReferenced(
                'scope',
                name,
                'providers',
                users.map(([provider]) => provider),
              );
              draft.remove(`scope/${name}`);
            });
            return undefined;
          },
        },
      },
    }),
    listPath('oidc/scope', 'scopes', (namespace) => store.names(namespace, 'scope')),
  ];
}

/** What was asked for and the provider offers; undefined without `openid`. What nobody knows is ignored (OpenID Connect Core 3.1.2.1). */
export function scopesOf(text: string, supported: readonly string[]): string[] | undefined {
  const asked = new Set(text.split(/[ \t\r\n]+/));
  return asked.has(openidScope) ? supported.filter((scope) => asked.has(scope)) : undefined;
}

/** The claims of several scopes; a sentence when two of them claim the same. */
export async function scopeClaims(
  store: OidcStore,
  namespace: Where,
  scopes: readonly string[],
  identity: TemplateIdentity,
): Promise<JsonObject | string> {
  const from = new Map<string, string>();
  let claims: JsonObject = {};
  for (const name of scopes) {
    const scope = await store.read(namespace, 'scope', name);
    const own = renderClaims(scope?.template ?? '', identity, store.clock.now());
    for (const claim of Object.keys(own)) {
      const other = from.get(claim);
      if (other !== undefined)
        return `found scopes with conflicting top-level claim: claim "${claim}" in scopes "${name}", "${other}"`;
      from.set(claim, name);
    }
    claims = { ...claims, ...own };
  }
  return claims;
}
