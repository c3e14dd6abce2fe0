/** From least to most; each can do what those before it can. */
export const roles = ['viewer', 'member', 'admin', 'owner'] as const;
export type Role = (typeof roles)[number];

export function isRole(word: string): word is Role {
  return (roles as readonly string[]).includes(word);
}

/** The policy of a role in the root namespace, and the group of those who have it. */
export function roleName(workspace: string, role: Role): string {
  return `workspace-${workspace}-${role}`;
}

/** What a caller's policies must allow before owners are made or unmade. */
export function ownersPath(workspace: string): string {
  return `sys/workspaces/${workspace}/owners`;
}

interface Rule {
  readonly path: string;
  readonly can: readonly string[];
}

const everything = ['create', 'read', 'update', 'patch', 'delete', 'list', 'scan', 'sudo'];

/**
 * The policy of a role as text. `prefix` is the workspace's path when the policy stands in the root namespace (`production/`),
 * empty when it stands in the workspace itself. A member's has no path from which a value could be read.
 */
export function rolePolicy(workspace: string, role: Role, prefix: string): string {
  const rules = [
    ...rulesOf(role).map(({ path, can }) => ({ path: `${prefix}${path}`, can })),
    ...(prefix === '' ? [] : organizationRules(workspace, role)),
  ];
  const text = rules.map(({ path, can }) => `path "${path}" {\n  capabilities = ${JSON.stringify(can)}\n}`);
  return `# ${role} of the workspace ${workspace}. Made by Coffer; write policies of your own instead of changing it.\n${text.join('\n')}\n`;
}

function rulesOf(role: Role): Rule[] {
  if (role === 'owner') return [{ path: '*', can: everything }];
  const mayWrite = role !== 'viewer';
  const mayRead = role === 'admin';
  const rules: Rule[] = [
    { path: 'secret/metadata', can: ['list', 'scan'] },
    {
      path: 'secret/metadata/*',
      can: mayWrite ? [...writing, 'read', 'list', 'scan'] : ['read', 'list', 'scan'],
    },
    { path: 'secret/detailed-metadata', can: ['list'] },
    { path: 'secret/detailed-metadata/*', can: ['list'] },
  ];
  if (!mayWrite) return rules;
  rules.push({ path: 'secret/data/*', can: mayRead ? [...writing, 'read'] : writing });
  for (const verb of ['delete', 'undelete', 'destroy', 'rollback'])
    rules.push({ path: `secret/${verb}/*`, can: ['create', 'update'] });
  if (mayRead) rules.push({ path: 'secret/subkeys/*', can: ['read'] });
  return rules;
}

const writing = ['create', 'update', 'patch', 'delete'];

/** What the role may do with the workspace itself. */
function organizationRules(workspace: string, role: Role): Rule[] {
  const at = `sys/workspaces/${workspace}`;
  const mayManage = role === 'admin' || role === 'owner';
  const rules: Rule[] = [
    { path: 'sys/workspaces', can: ['read'] },
    { path: at, can: role === 'owner' ? ['read', 'update', 'patch', 'delete'] : ['read'] },
    { path: `${at}/members`, can: ['read'] },
  ];
  if (mayManage) rules.push({ path: `${at}/members/*`, can: ['create', 'update', 'delete'] });
  if (mayManage) rules.push({ path: `${at}/grants`, can: ['create', 'read', 'update'] });
  if (mayManage) rules.push({ path: `${at}/grants/*`, can: ['delete'] });
  if (role === 'owner') {
    rules.push({ path: ownersPath(workspace), can: ['update', 'delete'] });
    rules.push({ path: `${at}/restore`, can: ['update'] });
  }
  return rules;
}
