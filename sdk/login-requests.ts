import { ApiError } from './api-error.ts';
import type { CofferClient } from './client.ts';
import type { LoginOptions, LoginRequests } from './machine-login.ts';
import type { Secret, SecretAuth } from './secret.ts';

/** The requests of a login; `withToken` makes a client that has no login of its own. */
export function loginRequests(
  { method, roleId, secretId, mount = method }: LoginOptions,
  withToken: (token: string) => CofferClient,
): LoginRequests {
  return {
    async logIn() {
      const body = { role_id: roleId, ...(secretId === undefined ? {} : { secret_id: secretId }) };
      return authOf(await withToken('').write(`auth/${mount}/login`, body, 'POST'));
    },
    async renew(token) {
      const answer = withToken(token).write('auth/token/renew-self', {}, 'POST');
      const renewed = await answer.catch(undefinedIfRefused);
      return renewed && authOf(renewed);
    },
    async isAlive(token) {
      const found = await withToken(token).read('auth/token/lookup-self').catch(undefinedIfRefused);
      return found !== undefined;
    },
  };
}

function authOf(answer: Secret | undefined): SecretAuth {
  if (!answer?.auth?.client_token) throw new Error('the login gave no token; it may need a second factor');
  return answer.auth;
}

function undefinedIfRefused(error: unknown): undefined {
  if (error instanceof ApiError && error.status >= 400 && error.status < 404) return undefined;
  throw error;
}
