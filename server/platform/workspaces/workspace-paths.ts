import { CofferError } from '../../contracts/errors.ts';
import type { Call } from '../../contracts/paths.ts';
import { definePath, type FieldDeclarations, type PathDeclaration } from '../../contracts/paths.ts';
import type { Members } from './members.ts';
import { shownWorkspace, type Workspaces } from './workspaces.ts';

/** Whether the caller's policies allow its operation on another path of the root namespace too. */
export type MayAlso = (call: Call<object>, path: string) => Promise<boolean>;

export interface WorkspacePathsParts {
  readonly workspaces: Workspaces;
  readonly members: Members;
  readonly mayAlso: MayAlso;
}

const name = { type: 'string', description: 'The workspace', required: true } as const;
const details = {
  description: { type: 'string', description: 'What it is for' },
  environment: { type: 'string', description: 'A label, such as production' },
  region: { type: 'string', description: 'Where its values belong' },
} as const satisfies FieldDeclarations;
const defaultGraceSeconds = 7 * 24 * 3600;

/** `sys/workspaces` of the root namespace: what the platform API and the command line ask. */
export function workspacePaths(parts: WorkspacePathsParts): PathDeclaration[] {
  return [listPath(parts), onePath(parts), restorePath(parts), ownersPath()];
}

function listPath({ workspaces, mayAlso }: WorkspacePathsParts): PathDeclaration {
  return definePath({
    pattern: 'workspaces',
    rootOnly: true,
    fields: {},
    operations: {
      read: {
        summary: 'List the workspaces that the caller may see',
        pure: true,
        async handler(call) {
          const seen = [];
          for (const workspace of await workspaces.list()) {
            const shown = shownWorkspace(workspace);
            if (await mayAlso(call, `sys/workspaces/${shown['name']}`)) seen.push(shown);
          }
          return { data: { workspaces: seen } };
        },
      },
    },
    help: { synopsis: 'The workspaces.', description: 'Those that the policies of the caller let it read.' },
  });
}

function onePath({ workspaces, members }: WorkspacePathsParts): PathDeclaration {
  return definePath({
    pattern: 'workspaces/{name}',
    rootOnly: true,
    fields: {
      name,
      ...details,
      owner: {
        type: 'string',
        description: 'Its first owner, such as user:alice; the caller when not given',
      },
      force: {
        type: 'bool',
        query: true,
        default: false,
        description: 'Delete at once, without a grace period',
      },
      grace: {
        type: 'duration',
        query: true,
        default: defaultGraceSeconds,
        description: 'How long it can be restored after a delete',
      },
    },
    exists: async ({ fields }) => (await workspaces.find(fields.name)) !== undefined,
    operations: {
      read: {
        summary: 'Read a workspace',
        pure: true,
        handler: async ({ fields }) => ({ data: shownWorkspace(await workspaces.get(fields.name)) }),
      },
      write: {
        summary: 'Create a workspace: a namespace with its own key, secret/ and roles',
        async handler({ fields, caller, origin }) {
          const { description, environment, region } = fields;
          const owner = fields.owner ? await members.entityOf(fields.owner, origin) : caller.entityId;
          const made = await workspaces.create(fields.name, { description, environment, region });
          // A token without an entity owns nothing.
          if (owner !== '')
            await members.set(fields.name, `entity:${owner}`, 'owner', { origin, mayManageOwners: true });
          return { status: 201, data: shownWorkspace(made) };
        },
      },
      patch: {
        summary: 'Change the description and labels of a workspace',
        async handler({ fields: { name, description, environment, region } }) {
          const edited = await workspaces.edit(name, { description, environment, region });
          return { data: shownWorkspace(edited) };
        },
      },
      delete: {
        summary: 'Delete a workspace: its key is destroyed after the grace period, or at once',
        async handler({ fields }) {
          if (!fields.force)
            return { data: shownWorkspace(await workspaces.scheduleRemoval(fields.name, fields.grace)) };
          await workspaces.remove(fields.name);
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'Create, read, change and delete a workspace.',
      description:
        'A workspace is a namespace with its own encryption key, a KV version 2 store at secret/, and the roles viewer, member, admin and owner.',
    },
  });
}

function restorePath({ workspaces }: WorkspacePathsParts): PathDeclaration {
  return definePath({
    pattern: 'workspaces/{name}/restore',
    rootOnly: true,
    fields: { name },
    operations: {
      write: {
        summary: 'Take the deletion of a workspace back within its grace period',
        handler: async ({ fields }) => ({ data: shownWorkspace(await workspaces.restore(fields.name)) }),
      },
    },
    help: {
      synopsis: 'Restore a workspace.',
      description: 'Serves a workspace again that is being deleted.',
    },
  });
}

/** Nothing to ask: a policy that allows an update here may make and unmake owners. */
function ownersPath(): PathDeclaration {
  return definePath({
    pattern: 'workspaces/{name}/owners',
    rootOnly: true,
    unpublished: true,
    fields: { name },
    operations: {
      update: {
        summary: 'Change owners with sys/workspaces/NAME/members',
        handler: async () => {
          throw new CofferError('unsupported-operation');
        },
      },
    },
    help: {
      synopsis: 'Stands for the right to make and unmake owners.',
      description: 'Owners are changed at sys/workspaces/NAME/members, by whoever may update this path too.',
    },
  });
}
