import { invalidRequest } from '../../contracts/errors.ts';
import type { AuthGrant, JsonObject } from '../../contracts/request.ts';
import { normalizePolicyNames, renewedToken } from '../../contracts/token-fields.ts';
import type { UserStore } from './user-store.ts';

/** Refuses when the user is gone (one made since under the name is another), or has other policies than the token. */
export async function renewLogin(
  users: UserStore,
  login: { readonly internal: JsonObject; readonly grant: AuthGrant },
): Promise<AuthGrant> {
  const { user: name, uid } = login.internal;
  const user = typeof name === 'string' ? (await users.find(name))?.value : undefined;
  if (!user || user.uid !== uid)
    throw invalidRequest('the user of this token no longer exists, so it cannot be renewed');
  const before = normalizePolicyNames(login.grant.policies);
  if (before.join('\n') !== user.token.policies.join('\n'))
    throw invalidRequest('policies have changed, not renewing');
  return renewedToken(user.token, login.grant);
}
