import type { JsonObject } from '../../../sdk/secret.ts';
import { type Context, type Place, requestPath, type SourceMount } from '../context.ts';
import type { Stage, Step } from '../outcome.ts';
import { textOf, without } from '../values.ts';
import { isToken } from './mounts.ts';
import { recordSteps } from './records.ts';

/** AppRole roles, userpass users and token roles. */
export async function authStages(context: Context, places: readonly Place[]): Promise<Stage[]> {
  const roles: Step[] = [];
  const users: Step[] = [];
  const tokenRoles: Step[] = [];
  for (const mount of places.flatMap((place) => place.authMounts)) {
    if (mount.type === 'approle') roles.push(...(await appRoleSteps(context, mount)));
    else if (mount.type === 'userpass') users.push(...(await userSteps(context, mount)));
    else if (isToken(mount)) tokenRoles.push(...(await tokenRoleSteps(context, mount)));
  }
  return [
    { kind: 'AppRole role', steps: roles },
    { kind: 'userpass user', steps: users },
    { kind: 'token role', steps: tokenRoles },
  ];
}

/** The role id is part of the role here, as whoever has it shall go on logging in with it. */
async function appRoleSteps(context: Context, mount: SourceMount): Promise<Step[]> {
  const { namespace } = mount;
  const base = `${requestPath(mount)}role`;
  const steps = await recordSteps(context, {
    kind: 'AppRole role',
    namespace,
    base,
    mount,
    body: roleBody,
    async complete(name, body) {
      const roleId = await context.source.read(namespace, `${base}/${name}/role-id`);
      return { ...body, role_id: textOf(roleId?.['role_id']) };
    },
    async limits(name) {
      const { length } = await context.source.list(namespace, `${base}/${name}/secret-id`);
      return length === 0 ? [] : [`its ${length} secret ids cannot be read: make new ones`];
    },
  });
  return steps.map((step) => {
    const name = step.path.slice(namespace.length + base.length + 1);
    return { ...step, plan: () => planWithRoleId(context, step, namespace, `${base}/${name}/role-id`) };
  });
}

/** A role that is the same but for its role id is not the same. */
async function planWithRoleId(
  context: Context,
  step: Step,
  namespace: string,
  path: string,
): ReturnType<Step['plan']> {
  const plan = await step.plan();
  if (plan.do !== 'nothing') return plan;
  const [wanted, found] = await Promise.all([
    context.source.read(namespace, path),
    context.target.read(namespace, path),
  ]);
  const roleId = textOf(wanted?.['role_id']);
  if (roleId === textOf(found?.['role_id'])) return plan;
  return {
    do: 'conflict',
    why: 'its role id differs',
    replace: async () => void (await context.target.write(namespace, path, { role_id: roleId })),
  };
}

function roleBody(data: JsonObject): JsonObject {
  return without(data, ['name', 'role_id', ...deprecated(data), 'bound_cidr_list']);
}

async function userSteps(context: Context, mount: SourceMount): Promise<Step[]> {
  const { namespace } = mount;
  return recordSteps(context, {
    kind: 'userpass user',
    namespace,
    base: `${requestPath(mount)}users`,
    mount,
    body: (data) => without(data, deprecated(data)),
    async complete(username, body, isNew) {
      if (!isNew) return body;
      const password = await context.passwords.make(context.target, namespace, requestPath(mount), username);
      return { ...body, password };
    },
    async limits(_name, isNew) {
      return isNew ? [`gets a new password: its wrapping token is in ${context.passwords.file}`] : [];
    },
  });
}

function tokenRoleSteps(context: Context, mount: SourceMount): Promise<Step[]> {
  return recordSteps(context, {
    kind: 'token role',
    namespace: mount.namespace,
    base: 'auth/token/roles',
    mount,
    body: (data) => without(data, ['name', ...deprecated(data)]),
  });
}

/** Old names under which servers answer the same setting again: both at once would be refused, or contradict each other. */
function deprecated(data: JsonObject): string[] {
  const old: [string, string][] = [
    ['period', 'token_period'],
    ['explicit_max_ttl', 'token_explicit_max_ttl'],
    ['bound_cidrs', 'token_bound_cidrs'],
    ['policies', 'token_policies'],
    ['ttl', 'token_ttl'],
    ['max_ttl', 'token_max_ttl'],
    ['num_uses', 'token_num_uses'],
  ];
  return old.filter(([, now]) => data[now] !== undefined).map(([name]) => name);
}
