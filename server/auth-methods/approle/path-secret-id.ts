import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { MountInfo } from '../../contracts/secrets-engine.ts';
import { parseBoundCidrs } from '../../contracts/token-fields.ts';
import { randomUUID } from '../../crypto/random.ts';
import { pageFields, pageOf } from '../list-page.ts';
import { checkedCidrs, checkSubset, maxIdLength, type RoleRecord, roleNameField } from './role-record.ts';
import type { RoleStore } from './role-store.ts';
import { parseMetadata } from './secret-id-record.ts';
import type { NewSecretId, SecretIdStore } from './secret-id-store.ts';

const maxAttempts = 32;

const newFields = {
  metadata: {
    type: 'string',
    description: 'JSON text of an object of strings, carried by the tokens and shown in the audit log',
  },
  cidr_list: {
    type: 'strings',
    description: "Addresses from which it is accepted, within the role's secret_id_bound_cidrs",
  },
  token_bound_cidrs: {
    type: 'strings',
    description: "Addresses from which its tokens can be used, within the role's token_bound_cidrs",
  },
  num_uses: { type: 'int', description: "How often it can be used; the role's limit unless given" },
  ttl: { type: 'duration', description: "How long it is valid; the role's limit unless given" },
} as const satisfies FieldDeclarations;

type NewValues = FieldValues<typeof newFields>;

interface Tools {
  readonly roles: RoleStore;
  readonly secretIds: SecretIdStore;
  readonly mount: MountInfo;
}

/** Makes secret ids and lists their accessors. */
export function secretIdPaths(tools: Tools): PathDeclaration[] {
  return [randomSecretIdPath(tools), customSecretIdPath(tools)];
}

function randomSecretIdPath(tools: Tools): PathDeclaration {
  return definePath({
    pattern: 'role/{role_name}/secret-id',
    fields: { role_name: roleNameField, ...newFields, ...pageFields },
    help: {
      synopsis: 'Make a secret id, or list the accessors of those that were made.',
      description:
        'A secret id is shown once, here; afterwards its accessor stands for it. Ask for a wrapped answer to hand it on unseen.',
    },
    operations: {
      list: {
        summary: 'List accessors of secret ids',
        async handler({ fields }) {
          const role = await tools.roles.find(fields.role_name);
          if (!role) throw noSuchRole(fields.role_name, 400);
          const keys = await tools.secretIds.accessors(role.uid, pageOf(fields));
          return keys.length > 0 ? { data: { keys } } : undefined;
        },
      },
      write: {
        summary: 'Make a secret id',
        handler: (call) => make(tools, call, randomUUID()),
        examples: [
          { description: 'For one login', path: 'role/model-server/secret-id', data: { num_uses: 1 } },
        ],
      },
    },
  });
}

function customSecretIdPath(tools: Tools): PathDeclaration {
  return definePath({
    pattern: 'role/{role_name}/custom-secret-id',
    fields: {
      role_name: roleNameField,
      secret_id: {
        type: 'string',
        description: 'The secret id; choose one that cannot be guessed',
        sensitive: true,
      },
      ...newFields,
    },
    help: {
      synopsis: 'Set a secret id of your own choice.',
      description: 'For machines that have a secret already. A random one is safer.',
    },
    operations: {
      write: {
        summary: 'Set a secret id',
        async handler(call) {
          const { secret_id: secretId } = call.fields;
          if (!secretId) throw invalidRequest('missing secret_id');
          if (secretId.length > maxIdLength)
            throw invalidRequest(`secret_id is longer than ${maxIdLength} characters`);
          return make(tools, call, secretId);
        },
      },
    },
  });
}

async function make(
  { roles, secretIds, mount }: Tools,
  { fields }: Call<NewValues & { readonly role_name: string }>,
  secretId: string,
): Promise<Reply> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const stored = await roles.findStored(fields.role_name);
    if (!stored) throw noSuchRole(fields.role_name, 404);
    const wanted = newSecretId(stored.value, fields, mount.maxLeaseTtlSeconds);
    const made = await secretIds.create(stored.value.uid, secretId, wanted, roles.expectation(stored));
    if (!made) continue;
    return {
      data: {
        secret_id: secretId,
        secret_id_accessor: made.accessor,
        secret_id_num_uses: made.usesLeft,
        secret_id_ttl: made.ttlSeconds,
      },
    };
  }
  throw new CofferError('conflict');
}

/** What a role allows of what was asked for. */
function newSecretId(role: RoleRecord, given: NewValues, maxTtlSeconds: number): NewSecretId {
  if (!role.bindSecretId) throw invalidRequest('bind_secret_id is not set on the role');
  const uses = given.num_uses ?? role.secretIdNumUses;
  const ttlSeconds = given.ttl ?? role.secretIdTtlSeconds;
  if (uses < 0) throw invalidRequest('num_uses cannot be negative');
  if (isBeyond(uses, role.secretIdNumUses))
    throw invalidRequest("num_uses cannot be higher than the role's secret_id_num_uses");
  if (isBeyond(ttlSeconds, role.secretIdTtlSeconds))
    throw invalidRequest("ttl cannot be longer than the role's secret_id_ttl");
  const cidrList = checkedCidrs(given.cidr_list ?? []);
  checkSubset(cidrList, role.secretIdBoundCidrs);
  const tokenBoundCidrs = parseBoundCidrs(given.token_bound_cidrs ?? []);
  checkSubset(tokenBoundCidrs, role.token.boundCidrs);
  return {
    usesLeft: uses,
    ttlSeconds: Math.min(ttlSeconds, maxTtlSeconds),
    metadata: parseMetadata(given.metadata ?? ''),
    cidrList,
    tokenBoundCidrs,
  };
}

/** 0 is no limit, on either side. */
function isBeyond(value: number, limit: number): boolean {
  return limit > 0 && (value === 0 || value > limit);
}

export function noSuchRole(name: string, status: 400 | 404): CofferError {
  return invalidRequest(`role ${JSON.stringify(name)} does not exist`, { status });
}
