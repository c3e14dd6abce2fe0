import type { PathDeclaration } from '../../contracts/paths.ts';
import type { SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { entityAliasPaths } from './entity-alias-paths.ts';
import { entityPaths } from './entity-paths.ts';
import { groupAliasPaths } from './group-alias-paths.ts';
import { groupPaths } from './group-paths.ts';
import { IdentityParts, type IdentityPartsOptions } from './identity-parts.ts';
import { lookupPaths } from './lookup-paths.ts';

export { allowsToo } from './allows-too.ts';
export { type EntityView, EntityViews } from './entity-views.ts';
export { identityPrefix } from './identity-parts.ts';
export { IdentityLogins, type LoginIdentity } from './logins.ts';
export { removeMountAliases } from './remove-mount-aliases.ts';

/**
 * The `identity/` mount of every namespace: one list of paths for all, so that it is compiled once. `others` are paths
 * of the rooms below this one.
 */
export function identityPlugin(
  options: IdentityPartsOptions,
  version: string,
  others: readonly PathDeclaration[] = [],
): SecretsEnginePlugin {
  let paths: readonly PathDeclaration[] | undefined;
  return {
    type: 'identity',
    description: 'identity store',
    singleton: true,
    version,
    async create() {
      paths ??= [...declarePaths(new IdentityParts(options)), ...others];
      return { paths };
    },
  };
}

function declarePaths(parts: IdentityParts): PathDeclaration[] {
  return [
    ...entityPaths(parts),
    ...entityAliasPaths(parts),
    ...groupPaths(parts),
    ...groupAliasPaths(parts),
    ...lookupPaths(parts),
  ];
}
