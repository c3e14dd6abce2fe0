import type { MountContext, SecretsEngine, SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { Connections } from './connections.ts';
import { DatabaseCatalog } from './database-catalog.ts';
import { MadeUsers } from './made-users.ts';
import { configPaths } from './path-config.ts';
import { connectionActionPaths } from './path-connection-actions.ts';
import { credsPath, renewCredential, revokeCredential } from './path-creds.ts';
import { rolePaths } from './path-roles.ts';
import { staticCredentialPaths } from './path-static-creds.ts';
import { staticRolePaths } from './path-static-roles.ts';
import { RootRotation } from './root-rotation.ts';
import { StaticRotation } from './static-rotation.ts';
import { Upkeep } from './upkeep.ts';

/** Database users made on demand, with a lease; users whose passwords are rotated. */
export const plugin: SecretsEnginePlugin = {
  type: 'database',
  description: 'database users on demand',
  version: '1.0.0',
  worksUnasked: true,
  create: async (context) => databaseEngine(context, await DatabaseCatalog.load()),
};

/** The engine over these databases. */
export function databaseEngine(context: MountContext, catalog: DatabaseCatalog): SecretsEngine {
  const connections = new Connections(catalog, context);
  const made = new MadeUsers(context, connections);
  const rotation = new StaticRotation(context, connections);
  const root = new RootRotation(context, connections);
  const credentials = { context, connections, made };
  const staticRoles = { context, connections, rotation };
  const upkeep = new Upkeep(context, {
    made: (id) => made.takeBack(id),
    static: (name) => rotation.rotateIfDue(name),
    root: (name) => root.resumeIfDue(name),
  });
  upkeep.start();
  return {
    paths: [
      ...configPaths(context, connections),
      ...rolePaths(context),
      credsPath(credentials),
      ...staticRolePaths(staticRoles),
      ...staticCredentialPaths(staticRoles),
      ...connectionActionPaths(context, connections, root),
    ],
    renew: (lease) => renewCredential(credentials, lease),
    revoke: (lease) => revokeCredential(credentials, lease),
    async close() {
      upkeep.close();
      await connections.close();
    },
  };
}
