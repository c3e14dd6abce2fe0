import { invalidRequest } from '../../contracts/errors.ts';
import type { AuthGrant, JsonObject } from '../../contracts/request.ts';
import { renewedToken } from '../../contracts/token-fields.ts';
import type { RoleStore } from './role-store.ts';

/** Refuses when the role of the login is gone; one made since under its name is another role. */
export async function renewLogin(
  roles: RoleStore,
  login: { readonly internal: JsonObject; readonly grant: AuthGrant },
): Promise<AuthGrant> {
  const { role: name, uid } = login.internal;
  const role = typeof name === 'string' ? await roles.find(name) : undefined;
  if (!role || role.uid !== uid)
    throw invalidRequest('the role of this token no longer exists, so it cannot be renewed');
  return renewedToken(role.token, login.grant);
}
