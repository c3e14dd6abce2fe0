import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type FieldValues, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { MountInfo } from '../../contracts/secrets-engine.ts';
import type { NewToken, TokenFacts, TokenService } from '../../contracts/token-service.ts';
import { choosePolicies } from './choose-policies.ts';
import { checkLabels } from './label-limits.ts';
import { matchesGlob } from './role-policies.ts';
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
  display_name: { type: 'string', description: 'Shown by lookup and the audit log', default: '' },
  num_uses: { type: 'int', description: 'How often it can be used, 0 for no limit', default: 0 },
  type: { type: 'string', description: 'service or batch', default: '' },
  entity_alias: { type: 'string', description: 'Entity alias to tie it to; only with a role', default: '' },
} as const;

type CreateCall = Call<FieldValues<typeof fields>>;

interface Wish {
  readonly role: TokenRole | undefined;
  readonly orphan: boolean;
}

export function createPaths(tokens: TokenService, roles: Roles, mount: MountInfo): PathDeclaration[] {
  const description =
    'A child of the calling token with some of its policies, unless the caller has sudo on this path. The token is shown once.';
  return [
    definePath({
      pattern: 'create',
      fields,
      help: { synopsis: 'Make a token.', description },
      operations: {
        write: {
          summary: 'Make a token',
          handler: (call) => create(tokens, mount, call, { role: undefined, orphan: false }),
        },
      },
    }),
    definePath({
      pattern: 'create-orphan',
      fields,
      help: { synopsis: 'Make a token without a parent.', description },
      operations: {
        write: {
          summary: 'Make an orphan token',
          handler: (call) => create(tokens, mount, call, { role: undefined, orphan: true }),
        },
      },
    }),
    definePath({
      pattern: 'create/{role_name}',
      fields: { ...fields, role_name: { type: 'string', description: 'Name of the role' } },
      help: { synopsis: 'Make a token as a role says.', description },
      operations: {
        write: {
          summary: 'Make a token with a role',
          async handler(call) {
            const name = call.fields.role_name ?? '';
            const role = await roles.find(name);
            if (!role) throw invalidRequest(`unknown role ${name}`);
            return create(tokens, mount, call, { role, orphan: role.orphan });
          },
        },
      },
    }),
  ];
}

async function create(
  tokens: TokenService,
  mount: MountInfo,
  call: CreateCall,
  { role, orphan }: Wish,
): Promise<Reply> {
  const { fields: given, caller } = call;
  const parent = await parentOf(tokens, call);
  const hasSudo =
    tokens.isRoot(caller) || (await tokens.hasSudo(caller, `auth/token/${call.path}`, call.namespace));
  check(given, role, orphan, hasSudo);
  const policies = choosePolicies(
    { policies: given.policies, noDefaultPolicy: given.no_default_policy },
    role,
    {
      policies: parent.policies,
      isRoot: tokens.isRoot(caller),
      hasSudo,
      isElsewhere: caller.namespaceId !== call.namespace.id,
    },
  );
  const wanted = {
    ...wantedToken(call, role, policies, orphan || given.no_parent),
    ...(given.entity_alias === ''
      ? {}
      : { entityAlias: { name: given.entity_alias, mountAccessor: mount.accessor } }),
  };
  if (wanted.type === 'batch') checkBatch(wanted);
  return { token: await tokens.create(wanted, caller, call.namespace, mount) };
}

async function parentOf(tokens: TokenService, { caller }: CreateCall): Promise<TokenFacts> {
  const parent = await tokens.lookUpCaller(caller);
  if (!parent) throw new CofferError('permission-denied');
  if (parent.type === 'batch') throw invalidRequest('batch tokens cannot create more tokens');
  if (parent.numUses !== 0) throw invalidRequest('restricted use token cannot generate child tokens');
  return parent;
}

function check(
  given: CreateCall['fields'],
  role: TokenRole | undefined,
  orphan: boolean,
  hasSudo: boolean,
): void {
  checkLabels(given.display_name, given.meta);
  if (given.entity_alias !== '') checkEntityAlias(given.entity_alias, role);
  if (given.id !== undefined && given.id !== '') checkCustomId(given.id, hasSudo);
  if (given.num_uses < 0) throw invalidRequest('number of uses cannot be negative');
  if (given.no_parent && !orphan && !hasSudo)
    throw invalidRequest('root or sudo privileges required to create orphan token');
  if (given.period > 0 && !hasSudo)
    throw invalidRequest('root or sudo privileges required to create periodic token');
}

function wantedToken(
  { fields: given, path }: CreateCall,
  role: TokenRole | undefined,
  policies: readonly string[],
  orphan: boolean,
): NewToken {
  return {
    ...(given.id ? { id: given.id } : {}),
    policies,
    displayName: displayNameOf(given.display_name),
    metadata: given.meta && Object.keys(given.meta).length > 0 ? given.meta : null,
    ttlSeconds: given.ttl ?? given.lease ?? 0,
    explicitMaxTtlSeconds: smallestSet(given.explicit_max_ttl, role?.explicitMaxTtlSeconds ?? 0),
    periodSeconds: role && role.periodSeconds > 0 ? role.periodSeconds : given.period,
    numUses: smallestSet(role?.numUses ?? 0, given.num_uses),
    renewable: given.renewable && (role?.renewable ?? true),
    orphan,
    type: typeOf(given.type, role),
    role: role?.name ?? '',
    boundCidrs: role?.boundCidrs ?? [],
    path: `auth/token/${path}${role?.pathSuffix ? `/${role.pathSuffix}` : ''}`,
  };
}

/** Names of aliases are the same in any case. */
function checkEntityAlias(alias: string, role: TokenRole | undefined): void {
  if (!role) throw invalidRequest("'entity_alias' is only allowed in combination with token role");
  const name = alias.toLowerCase();
  if (!role.allowedEntityAliases?.some((glob) => matchesGlob(glob.toLowerCase(), name)))
    throw invalidRequest("invalid 'entity_alias' value");
}

function checkCustomId(id: string, hasSudo: boolean): void {
  if (!hasSudo) throw invalidRequest('root or sudo privileges required to specify token id');
  const prefix = /^(?:hvs|hvb|hvr|s|b|r)\./.exec(id)?.[0];
  if (prefix !== undefined) throw invalidRequest(`custom token ID cannot have the '${prefix}' prefix`);
  if (id.includes('.')) throw invalidRequest('custom token ID cannot have a "." in the value');
  if (!/^[\x21-\x7e]{1,512}$/.test(id))
    throw invalidRequest('custom token ID must be up to 512 printable ASCII characters without spaces');
}

function checkBatch(wanted: NewToken): void {
  if (wanted.policies.includes('root')) throw invalidRequest('batch tokens cannot be root tokens');
  if (wanted.numUses > 0) throw invalidRequest('batch tokens cannot have a number of uses');
  if (wanted.periodSeconds > 0) throw invalidRequest('batch tokens cannot be periodic');
  if (wanted.id !== undefined) throw invalidRequest('batch tokens cannot be given an id');
  if (wanted.explicitMaxTtlSeconds > 0) throw invalidRequest('batch tokens cannot have an explicit max TTL');
}

function typeOf(asked: string, role: TokenRole | undefined): 'service' | 'batch' {
  if (!['', 'service', 'batch', 'default-service', 'default-batch', 'default'].includes(asked))
    throw invalidRequest("invalid 'token_type' value");
  if (role && (role.tokenType === 'service' || role.tokenType === 'batch')) return role.tokenType;
  if (asked === 'service' || asked === 'batch') return asked;
  return role?.tokenType === 'default-batch' ? 'batch' : 'service';
}

/** As Vault's: `token`, and what was given with everything but letters, digits and dashes replaced. */
function displayNameOf(given: string): string {
  return given === '' ? 'token' : `token-${given}`.replace(/[^a-zA-Z0-9-]/g, '-').replace(/-$/, '');
}

function smallestSet(...values: number[]): number {
  const set = values.filter((value) => value > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}
