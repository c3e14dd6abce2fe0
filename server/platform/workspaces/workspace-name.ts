import { invalidRequest } from '../../contracts/errors.ts';

const form = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const reserved = new Set(['root', 'sys', 'audit', 'auth', 'cubbyhole', 'identity', 'secret']);

/** Lower case only, as names of policies are: two workspaces must never share the policies of their roles. */
export function checkWorkspaceName(name: string): void {
  if (!form.test(name))
    throw invalidRequest('a workspace name is 1 to 63 lower-case letters, digits and dashes', {
      hint: 'For example: production',
    });
  if (reserved.has(name)) throw invalidRequest(`"${name}" is a reserved name`);
}
