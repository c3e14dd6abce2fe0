import { invalidRequest } from '../../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import type { EntityView } from '../entity-views.ts';
import { listPath } from './list-path.ts';
import { checkName, isName, nameSet, refuseReferenced } from './oidc-names.ts';
import { type AssignmentRecord, allowAllName } from './oidc-records.ts';
import type { OidcServices } from './oidc-services.ts';
import type { OidcStore, Where } from './oidc-store.ts';

/** `identity/oidc/assignment…`: who may sign in to a client. */
export function assignmentPaths({ store }: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/assignment/{name}',
      fields: {
        name: { type: 'string', description: 'Name of the assignment', required: true },
        entity_ids: { type: 'strings', description: 'Ids of entities' },
        group_ids: { type: 'strings', description: 'Ids of groups, whose members at any depth are meant' },
      },
      exists: async ({ fields, namespace }) =>
        (await store.read(namespace, 'assignment', fields.name)) !== undefined,
      help: {
        synopsis: 'Who may sign in to a client.',
        description: 'Entities and groups by id. The assignment allow_all is there, and stays as it is.',
      },
      operations: {
        write: {
          summary: 'Create or update an assignment',
          async handler({ fields: { name, entity_ids, group_ids }, namespace }) {
            refuseAllowAll(name, 'modification');
            checkName(name);
            await store.changeSettings(namespace, async (draft) => {
              const before = await store.find(draft, 'assignment', name);
              const assignment: AssignmentRecord = {
                entityIds: idSet(entity_ids ?? before?.entityIds ?? []),
                groupIds: idSet(group_ids ?? before?.groupIds ?? []),
              };
              draft.put(`assignment/${name}`, assignment);
            });
            return undefined;
          },
        },
        read: {
          summary: 'Read an assignment',
          pure: true,
          async handler({ fields, namespace }) {
            const found = await store.read(namespace, 'assignment', fields.name);
            return found && { data: { entity_ids: found.entityIds, group_ids: found.groupIds } };
          },
        },
        delete: {
          summary: 'Delete an assignment that no client has',
          async handler({ fields: { name }, namespace }) {
            refuseAllowAll(name, 'deletion');
            if (!isName(name)) return undefined;
            await store.changeSettings(namespace, async (draft) => {
              const clients = await store.all(namespace, 'client');
              const users = clients.filter(([, { assignments }]) => assignments.includes(name));
              refuseReferenced(
                'assignment',
                name,
                'clients',
                users.map(([client]) => client),
              );
              draft.remove(`assignment/${name}`);
            });
            return undefined;
          },
        },
      },
    }),
    listPath('oidc/assignment', 'assignments', (namespace) => store.names(namespace, 'assignment')),
  ];
}

/** Whether the entity may sign in to a client with these assignments. Never one that is disabled or gone. */
export async function isAssigned(
  store: OidcStore,
  namespace: Where,
  view: EntityView,
  assignments: readonly string[],
): Promise<boolean> {
  if (!view.isUsable) return false;
  if (assignments.includes(allowAllName)) return true;
  const groups = new Set(view.identity.groups.map(({ id }) => id));
  for (const name of assignments) {
    const found = await store.read(namespace, 'assignment', name);
    if (found?.entityIds.includes(view.entityId)) return true;
    if (found?.groupIds.some((id) => groups.has(id))) return true;
  }
  return false;
}

function refuseAllowAll(name: string, what: string): void {
  if (name === allowAllName) throw invalidRequest(`${what} of assignment "${name}" not allowed`);
}

/** Ids are in lower case, as identity makes them. */
function idSet(ids: readonly string[]): string[] {
  return nameSet(ids.map((id) => id.toLowerCase()));
}
