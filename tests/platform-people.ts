import { callPlatform } from './platform-client.ts';
import type { TestServer } from './start-server.ts';

export const roles = ['viewer', 'member', 'admin', 'owner'] as const;
export type Role = (typeof roles)[number];

/** A person of each role in a workspace, who signs in with a password; answers their tokens. */
export async function peopleOf(server: TestServer, workspace: string): Promise<Record<Role, string>> {
  await server.call('POST', 'sys/auth/userpass', { body: { type: 'userpass' } });
  const tokens = await Promise.all(
    roles.map(async (role) => {
      const user = `${role}-of-${workspace}`;
      await server.call('POST', `auth/userpass/users/${user}`, { body: { password: 'a password' } });
      const path = `workspaces/${workspace}/members/user:${user}`;
      const given = await callPlatform(server, 'PUT', path, { body: { role } });
      if (given.status !== 200) throw new Error(`${user} was given no role: ${given.text}`);
      return [role, await signIn(server, user)] as const;
    }),
  );
  return Object.fromEntries(tokens) as Record<Role, string>;
}

export async function signIn(server: TestServer, user: string): Promise<string> {
  const login = await server.call('POST', `auth/userpass/login/${user}`, {
    token: null,
    body: { password: 'a password' },
  });
  return String(login.body.auth?.['client_token']);
}

export async function newWorkspace(server: TestServer, name: string): Promise<void> {
  const made = await callPlatform(server, 'POST', 'workspaces', { body: { name } });
  if (made.status !== 201) throw new Error(`no workspace: ${made.text}`);
}
