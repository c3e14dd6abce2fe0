import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type FieldValues, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { MountInfo } from '../../contracts/secrets-engine.ts';
import type { NewToken, TokenService } from '../../contracts/token-service.ts';
import { allowedByRole } from './role-policies.ts';
import type { Roles, TokenRole } from './roles.ts';

const fields = {
  id: {
    type: 'string',
    description: 'The token itself, instead of a random one; needs sudo',
    sensitive: true,
  },
  policies: { type: 'strings', description: "Policies; the parent's when not given" },
  meta: { type: 'key-values', description: 'Metadata that lookup and the audit log show' },
  no_parent: { type: 'bool', description: 'Make an orphan; needs sudo', default: false },
  no_default_policy: { type: 'bool', description: 'Leave out the default policy', default: false },
  renewable: { type: 'bool', description: 'Whether it can be renewed', default: true },
  lease: { type: 'duration', description: 'Use ttl', deprecated: true },
  ttl: { type: 'duration', description: 'How long it lives' },
  explicit_max_ttl: { type: 'duration', description: 'A ceiling that no renewal passes', default: 0 },
  period: {
    type: 'duration',
    description: 'Lives for ever while renewed within this time; needs sudo',
    default: 0,
  },
  display_name: { type: 'string', description: 'Shown by lookup and the audit log', default: 'token' },
  num_uses: { type: 'int', description: 'How often it can be used, 0 for no limit', default: 0 },
  type: { type: 'string', description: 'service or batch', default: '' },
  entity_alias: { type: 'string', description: 'Entity alias to tie it to; only with a role', default: '' },
} as const;

type CreateCall = Call<FieldValues<typeof fields>>;

export function createPaths(tokens: TokenService, roles: Roles, mount: MountInfo): PathDeclaration[] {
  const help = {
    synopsis: 'Make a token.',
    description:
      'A child of the calling token with some of its policies, unless the caller has sudo on this path. The token is shown once.',
  };
  return [
    definePath({
      pattern: 'create',
      fields,
      help,
      operations: { write: { summary: 'Make a token', handler: (call) => create(call, undefined, false) } },
    }),
    definePath({
      pattern: 'create-orphan',
      access: 'sudo',
      fields,
      help: { ...help, synopsis: 'Make a token without a parent.' },
      operations: {
        write: { summary: 'Make an orphan token', handler: (call) => create(call, undefined, true) },
      },
    }),
    definePath({
      pattern: 'create/{role_name}',
      fields: { ...fields, role_name: { type: 'string', description: 'Name of the role', required: true } },
      help: { ...help, synopsis: 'Make a token as a role says.' },
      operations: {
        write: {
          summary: 'Make a token with a role',
          async handler(call) {
            const role = await roles.find(call.fields.role_name);
            if (!role) throw invalidRequest(`unknown role ${call.fields.role_name}`);
            return create(call, role, role.orphan);
          },
        },
      },
    }),
  ];

  async function create(call: CreateCall, role: TokenRole | undefined, orphan: boolean): Promise<Reply> {
    const { fields: given } = call;
    if (call.caller.tokenType === 'batch') throw invalidRequest('batch tokens cannot create more tokens');
    const parent = await tokens.lookUpCaller(call.caller);
    if (!parent) throw new CofferError('permission-denied');
    if (parent.numUses > 0 || parent.numUses === -1)
      throw invalidRequest('restricted use token cannot generate child tokens');
    const sudo =
      tokens.isRoot(call.caller) ||
      (await tokens.hasSudo(call.caller, `auth/token/${call.path}`, call.namespace));
    if (given.entity_alias !== '')
      throw invalidRequest(
        role
          ? "invalid 'entity_alias' value"
          : "'entity_alias' is only allowed in combination with token role",
      );
    if (given.id !== undefined && given.id !== '') checkCustomId(given.id, sudo);
    if (given.num_uses < 0) throw invalidRequest('number of uses cannot be negative');
    if (given.no_parent && !orphan && !sudo)
      throw invalidRequest('root or sudo privileges required to create orphan token');
    if (given.period > 0 && !sudo && !role)
      throw invalidRequest('root or sudo privileges required to create periodic token');
    const type = typeOf(given.type, role);
    const policies = choosePolicies(given, role, parent.policies, sudo);
    if (policies.includes('root') && !tokens.isRoot(call.caller))
      throw invalidRequest('root tokens may not be created without parent token being root');
    const wanted: NewToken = {
      ...(given.id ? { id: given.id } : {}),
      policies,
      displayName:
        given.display_name === 'token' || given.display_name === ''
          ? 'token'
          : `token-${given.display_name.replace(/[^a-zA-Z0-9-]/g, '-').replace(/^-+|-+$/g, '')}`,
      metadata: given.meta && Object.keys(given.meta).length > 0 ? given.meta : null,
      ttlSeconds: given.ttl ?? given.lease ?? 0,
      explicitMaxTtlSeconds: smallestSet(given.explicit_max_ttl, role?.explicitMaxTtlSeconds ?? 0),
      periodSeconds: role && role.periodSeconds > 0 ? role.periodSeconds : given.period,
      numUses: role && role.numUses > 0 ? smallestSet(role.numUses, given.num_uses) : given.num_uses,
      renewable: given.renewable && (role?.renewable ?? true),
      orphan: orphan || given.no_parent,
      type,
      role: role?.name ?? '',
      boundCidrs: role?.boundCidrs ?? [],
      path: `auth/token/${call.path}${role?.pathSuffix ? `/${role.pathSuffix}` : ''}`,
    };
    if (type === 'batch') checkBatch(wanted, given);
    return { token: await tokens.create(wanted, call.caller, call.namespace, mount) };
  }
}

function checkCustomId(id: string, sudo: boolean): void {
  if (!sudo) throw invalidRequest('root or sudo privileges required to specify token id');
  if (/^(?:hvs|hvb|hvr|s|b|r)\./.test(id))
    throw invalidRequest(`custom token ID cannot have the '${id.slice(0, id.indexOf('.') + 1)}' prefix`);
  if (id.includes('.')) throw invalidRequest('custom token ID cannot have a "." in the value');
  if (!/^[\x21-\x7e]{1,512}$/.test(id))
    throw invalidRequest('custom token ID must be up to 512 printable ASCII characters without spaces');
}

function checkBatch(wanted: NewToken, given: CreateCall['fields']): void {
  if (wanted.numUses > 0) throw invalidRequest('batch tokens cannot have a number of uses');
  if (wanted.periodSeconds > 0) throw invalidRequest('batch tokens cannot be periodic');
  if (wanted.id !== undefined) throw invalidRequest('batch tokens cannot be given an id');
  if (wanted.policies.includes('root')) throw invalidRequest('batch tokens cannot be root tokens');
  if (wanted.explicitMaxTtlSeconds > 0 || given.explicit_max_ttl > 0)
    throw invalidRequest('batch tokens cannot have an explicit max TTL');
}

function typeOf(asked: string, role: TokenRole | undefined): 'service' | 'batch' {
  if (!['', 'service', 'batch', 'default-service', 'default-batch', 'default'].includes(asked))
    throw invalidRequest("invalid 'token_type' value");
  if (role && (role.tokenType === 'service' || role.tokenType === 'batch')) return role.tokenType;
  if (asked === 'service' || asked === 'batch') return asked;
  return role?.tokenType === 'default-batch' ? 'batch' : 'service';
}

/** Vault's rules: a role decides by itself; otherwise the parent's policies bound the child's, unless the caller has sudo. */
function choosePolicies(
  given: CreateCall['fields'],
  role: TokenRole | undefined,
  parent: readonly string[],
  sudo: boolean,
): string[] {
  const asked = [
    ...new Set((given.policies ?? []).map((name) => name.trim().toLowerCase()).filter((name) => name !== '')),
  ];
  const addDefault = !given.no_default_policy && !(role?.noDefaultPolicy ?? false);
  if (asked.includes('response-wrapping') || asked.includes('control-group'))
    throw invalidRequest('cannot assign a policy that is for internal use only');
  if (role) return allowedByRole(role, asked, parent, addDefault);
  if (asked.length === 0) {
    const inherited = parent.includes('root') ? ['root'] : [...parent];
    return given.no_default_policy ? inherited.filter((name) => name !== 'default') : inherited;
  }
  if (!sudo) {
    const outside = asked.filter((name) => !parent.includes(name));
    if (outside.length > 0)
      throw new CofferError('permission-denied', '1 error occurred:\n\t* permission denied\n\n', {
        hint: 'child policies must be a subset of the parent’s',
      });
  }
  if (asked.includes('root')) return ['root'];
  const withDefault = addDefault && (sudo || parent.includes('default')) ? [...asked, 'default'] : asked;
  return [...new Set(withDefault)].sort();
}

function smallestSet(...values: number[]): number {
  const set = values.filter((value) => value > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}
