import { isAddressAllowed } from '../../contracts/address-ranges.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import { grantedToken } from '../../contracts/token-fields.ts';
import { type Digests, noRole } from './digests.ts';
import { maxIdLength, type RoleRecord } from './role-record.ts';
import type { RoleStore } from './role-store.ts';
import type { FoundSecretId, SecretIdStore } from './secret-id-store.ts';

export function loginPath(roles: RoleStore, secretIds: SecretIdStore, digests: Digests): PathDeclaration {
  return definePath({
    pattern: 'login',
    access: 'anyone',
    fields: {
      role_id: { type: 'string', description: 'Id of the role' },
      secret_id: {
        type: 'string',
        description: 'A secret id of the role; not needed where bind_secret_id is off',
        sensitive: true,
      },
    },
    help: {
      synopsis: 'Log in as a role.',
      description:
        'Gives a token with what the role says. A role id that is not there and a secret id that is not right are answered alike.',
    },
    operations: {
      write: {
        summary: 'Log in with a role id and a secret id',
        claimedAlias: ({ fields }) => fields.role_id || undefined,
        async handler({ fields, origin }) {
          const { role_id: roleId, secret_id: secretId } = fields;
          if (!roleId) throw invalidRequest('missing role_id');
          if (roleId.length > maxIdLength || (secretId ?? '').length > maxIdLength) throw notRight();
          const role = await roles.findByRoleId(roleId);
          if (role && !role.bindSecretId) return { auth: grantOf(role, undefined, origin.remoteAddress) };
          if (!secretId) throw invalidRequest('missing secret_id');
          // Digested for an unknown role too, so that it takes as long.
          const digest = digests.ofSecretId(role?.uid ?? noRole, secretId);
          const found = role && (await secretIds.find(role.uid, digest));
          if (!found) throw notRight();
          const auth = grantOf(role, found, origin.remoteAddress);
          // Last, so that a login which is refused costs no use.
          if (found.record.usesLeft > 0 && !(await secretIds.use(found))) throw notRight();
          return { auth };
        },
        examples: [
          {
            description: 'Log in',
            data: {
              role_id: '59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8',
              secret_id: '84896a0c-1347-aa90-a4f6-aca8b7558780',
            },
          },
        ],
      },
    },
  });
}

function grantOf(role: RoleRecord, found: FoundSecretId | undefined, remoteAddress: string): AuthGrant {
  const secretId = found?.record;
  if (secretId && !isAddressAllowed(secretId.cidrList, remoteAddress))
    throw fromElsewhere(remoteAddress, 'secret ID');
  if (!isAddressAllowed(role.secretIdBoundCidrs, remoteAddress)) throw fromElsewhere(remoteAddress, 'role');
  const settings =
    secretId && secretId.tokenBoundCidrs.length > 0
      ? { ...role.token, boundCidrs: secretId.tokenBoundCidrs }
      : role.token;
  return {
    ...grantedToken(settings, remoteAddress),
    displayName: '',
    // The role's name is last: whoever makes secret ids cannot claim another.
    metadata: { ...secretId?.metadata, role_name: role.name },
    alias: { name: role.roleId },
    renewable: true,
    internal: { role: role.name, uid: role.uid },
  };
}

function notRight(): CofferError {
  return new CofferError('invalid-credentials', 'invalid role or secret ID');
}

function fromElsewhere(remoteAddress: string, restriction: string): CofferError {
  return invalidRequest(
    `source address "${remoteAddress}" unauthorized by CIDR restrictions on the ${restriction}`,
  );
}
