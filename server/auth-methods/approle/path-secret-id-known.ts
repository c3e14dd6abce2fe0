import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { noSuchRole } from './path-secret-id.ts';
import { type RoleRecord, roleNameField } from './role-record.ts';
import type { RoleStore } from './role-store.ts';
import { shownSecretId } from './secret-id-record.ts';
import type { FoundSecretId, SecretIdStore } from './secret-id-store.ts';

const bySecret = {
  role_name: roleNameField,
  secret_id: { type: 'string', description: 'The secret id', sensitive: true, query: true },
} as const;
const byAccessor = {
  role_name: roleNameField,
  secret_id_accessor: { type: 'string', description: 'Its accessor', query: true },
} as const;

/** Looks at and ends secret ids that are there, by themselves or by their accessors. */
export function secretIdKnownPaths(roles: RoleStore, secretIds: SecretIdStore): PathDeclaration[] {
  return [...bySecretPaths(roles, secretIds), ...byAccessorPaths(roles, secretIds)];
}

function bySecretPaths(roles: RoleStore, secretIds: SecretIdStore): PathDeclaration[] {
  type Call = { readonly fields: { readonly role_name: string; readonly secret_id: string | undefined } };
  async function find({ fields }: Call): Promise<FoundSecretId | undefined> {
    if (!fields.secret_id) throw invalidRequest('missing secret_id');
    const role = await existing(roles, fields.role_name);
    return secretIds.findText(role.uid, fields.secret_id);
  }
  async function destroy(call: Call): Promise<undefined> {
    const found = await find(call);
    if (found) await secretIds.destroy(found);
  }
  return [
    definePath({
      pattern: 'role/{role_name}/secret-id/lookup',
      fields: bySecret,
      help: {
        synopsis: 'What a secret id is.',
        description: 'Its limits, times and metadata, and its accessor.',
      },
      operations: {
        write: {
          summary: 'Look up a secret id',
          async handler(call) {
            const found = await find(call);
            return found && { data: shownSecretId(found.record) };
          },
        },
      },
    }),
    definePath({
      pattern: 'role/{role_name}/secret-id/destroy',
      fields: bySecret,
      help: {
        synopsis: 'End a secret id.',
        description: 'It works no more when the answer comes. Tokens that it gave live on.',
      },
      operations: {
        write: { summary: 'End a secret id', handler: destroy },
        delete: { summary: 'End a secret id', handler: destroy },
      },
    }),
  ];
}

function byAccessorPaths(roles: RoleStore, secretIds: SecretIdStore): PathDeclaration[] {
  type Call = {
    readonly fields: { readonly role_name: string; readonly secret_id_accessor: string | undefined };
  };
  async function find({ fields }: Call): Promise<FoundSecretId | undefined> {
    if (!fields.secret_id_accessor) throw invalidRequest('missing secret_id_accessor');
    const role = await existing(roles, fields.role_name);
    return secretIds.findByAccessor(role.uid, fields.secret_id_accessor);
  }
  async function destroy(call: Call): Promise<Reply | undefined> {
    const found = await find(call);
    if (!found) return noSuchAccessor(call);
    await secretIds.destroy(found);
    return undefined;
  }
  /** Vault's words and shape, for an accessor of another role too. */
  function noSuchAccessor({ fields }: Call): Reply {
    const accessor = JSON.stringify(fields.secret_id_accessor);
    return {
      status: 404,
      data: { error: `failed to find accessor entry for secret_id_accessor: ${accessor}` },
    };
  }
  return [
    definePath({
      pattern: 'role/{role_name}/secret-id-accessor/lookup',
      fields: byAccessor,
      help: {
        synopsis: 'What the secret id of an accessor is.',
        description: 'As lookup of the secret id, which is not shown.',
      },
      operations: {
        write: {
          summary: 'Look up a secret id by its accessor',
          async handler(call) {
            const found = await find(call);
            return found ? { data: shownSecretId(found.record) } : noSuchAccessor(call);
          },
        },
      },
    }),
    definePath({
      pattern: 'role/{role_name}/secret-id-accessor/destroy',
      fields: byAccessor,
      help: {
        synopsis: 'End the secret id of an accessor.',
        description: 'It works no more when the answer comes.',
      },
      operations: {
        write: { summary: 'End a secret id by its accessor', handler: destroy },
        delete: { summary: 'End a secret id by its accessor', handler: destroy },
      },
    }),
  ];
}

async function existing(roles: RoleStore, name: string): Promise<RoleRecord> {
  const role = await roles.find(name);
  if (!role) throw noSuchRole(name, 404);
  return role;
}
