import { hash } from 'node:crypto';
import { CofferError } from '../../contracts/errors.ts';
import type { FieldDeclarations } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { defineOperation, type PlatformOperation } from '../platform-operation.ts';
import type { ClientRequests } from '../requests.ts';
import { roles } from './roles.ts';
import { checkWorkspaceName } from './workspace-name.ts';

const name = { type: 'string', required: true, description: 'The workspace' } as const;
const subject = {
  type: 'string',
  required: true,
  description: 'user:NAME, group:NAME, machine:ROLE or entity:NAME',
} as const;
const details = {
  description: { type: 'string', description: 'What it is for; an empty text removes it' },
  environment: { type: 'string', description: 'A label, such as production' },
  region: { type: 'string', description: 'Where its values belong' },
} as const satisfies FieldDeclarations;

/** Each is one request to `sys/workspaces` of the root namespace, where policies decide. */
export const workspaceOperations: readonly PlatformOperation[] = [
  defineOperation({
    method: 'GET',
    pattern: 'workspaces',
    summary: 'List the workspaces that you may see',
    fields: {},
    inWorkspace: false,
    handler: async ({ requests }) => ({ body: await ask(requests, 'read', 'sys/workspaces') }),
  }),
  defineOperation({
    method: 'POST',
    pattern: 'workspaces',
    summary: 'Create a workspace with its own key, store and roles',
    fields: { name, ...details, owner: { ...subject, required: false } },
    inWorkspace: false,
    status: 201,
    async handler({ fields: { name, ...rest }, requests }) {
      return shown(await ask(requests, 'write', pathOf(name), given(rest)));
    },
  }),
  defineOperation({
    method: 'GET',
    pattern: 'workspaces/{name}',
    summary: 'Read a workspace',
    fields: { name },
    inWorkspace: false,
    handler: async ({ fields, requests }) => shown(await ask(requests, 'read', pathOf(fields.name))),
  }),
  defineOperation({
    method: 'PATCH',
    pattern: 'workspaces/{name}',
    summary: 'Change the description and labels of a workspace',
    fields: { name, ...details },
    inWorkspace: false,
    async handler({ fields: { name, ...rest }, requests, ifMatch }) {
      await checkMatch(requests, name, ifMatch);
      return shown(await ask(requests, 'patch', pathOf(name), given(rest)));
    },
  }),
  defineOperation({
    method: 'DELETE',
    pattern: 'workspaces/{name}',
    summary: 'Delete a workspace; its key is destroyed after the grace period, or at once when forced',
    fields: {
      name,
      force: { type: 'bool', query: 'only', description: 'At once' },
      grace: {
        type: 'string',
        query: 'only',
        description: 'How long it can be restored; 7 days unless given',
      },
    },
    inWorkspace: false,
    async handler({ fields: { name, ...rest }, requests, ifMatch }) {
      await checkMatch(requests, name, ifMatch);
      const body = await ask(requests, 'delete', pathOf(name), given(rest));
      return body ? shown(body) : {};
    },
  }),
  defineOperation({
    method: 'POST',
    pattern: 'workspaces/{name}',
    verb: 'restore',
    summary: 'Take a deletion back within its grace period',
    fields: { name },
    inWorkspace: false,
    handler: async ({ fields, requests }) =>
      shown(await ask(requests, 'write', `${pathOf(fields.name)}/restore`)),
  }),
  defineOperation({
    method: 'GET',
    pattern: 'workspaces/{name}/members',
    summary: 'List the members of a workspace with their roles',
    fields: { name },
    inWorkspace: false,
    handler: async ({ fields, requests }) => ({
      body: await ask(requests, 'read', `${pathOf(fields.name)}/members`),
    }),
  }),
  defineOperation({
    method: 'PUT',
    pattern: 'workspaces/{name}/members/{subject}',
    summary: 'Give somebody a role, in place of any other they have in the workspace',
    fields: {
      name,
      subject,
      role: { type: 'string', required: true, allowed: roles, description: roles.join(', ') },
    },
    inWorkspace: false,
    handler: async ({ fields: { name, subject, role }, requests }) => ({
      body: await ask(requests, 'write', `${pathOf(name)}/members/${subject}`, { role }),
    }),
  }),
  defineOperation({
    method: 'DELETE',
    pattern: 'workspaces/{name}/members/{subject}',
    summary: 'Take every role in the workspace from somebody',
    fields: { name, subject },
    inWorkspace: false,
    status: 204,
    async handler({ fields: { name, subject }, requests }) {
      await ask(requests, 'delete', `${pathOf(name)}/members/${subject}`);
      return {};
    },
  }),
];

function pathOf(name: string): string {
  checkWorkspaceName(name);
  return `sys/workspaces/${name}`;
}

async function ask(
  requests: ClientRequests,
  operation: 'read' | 'write' | 'patch' | 'delete',
  path: string,
  data: JsonObject = {},
): Promise<JsonObject | undefined> {
  return requests.ask({ operation, namespace: '', path, data });
}

function given(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function shown(body: JsonObject | undefined) {
  return { body, etag: etagOf(body) };
}

function etagOf(body: JsonObject | undefined): string {
  return hash('sha256', JSON.stringify(body ?? {}), 'hex').slice(0, 16);
}

async function checkMatch(
  requests: ClientRequests,
  name: string,
  ifMatch: string | undefined,
): Promise<void> {
  if (ifMatch === undefined || ifMatch === '*') return;
  const current = await ask(requests, 'read', pathOf(name));
  if (etagOf(current) !== ifMatch)
    throw new CofferError('conflict', 'the workspace has changed since it was read', { status: 412 });
}
