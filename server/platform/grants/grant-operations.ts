import { defineOperation, type PlatformOperation } from '../platform-operation.ts';
import { checkSecretName } from '../secrets/secret-name.ts';
import { getSecret } from '../secrets/stored-secret.ts';

/** Time-limited access, asked of `sys/workspaces/NAME/grants`, where policies decide. */
export const grantOperations: readonly PlatformOperation[] = [
  defineOperation({
    method: 'POST',
    pattern: 'secrets/{name...}',
    verb: 'grant-access',
    summary: 'Let somebody read a secret for a limited time',
    fields: {
      name: { type: 'string', required: true, description: 'The secret' },
      subject: { type: 'string', required: true, description: 'user:NAME, machine:ROLE or entity:NAME' },
      duration: { type: 'string', required: true, description: 'For how long, such as 1h; at most 30d' },
    },
    inWorkspace: true,
    status: 201,
    async handler({ fields: { name, subject, duration }, workspace, requests }) {
      checkSecretName(name);
      await getSecret(requests, workspace, name);
      const path = `sys/workspaces/${workspace}/grants`;
      const data = { secret: name, subject, duration };
      return { body: await requests.ask({ operation: 'write', namespace: '', path, data }) };
    },
  }),
  defineOperation({
    method: 'GET',
    pattern: 'grants',
    summary: 'List the grants of a workspace that are in force',
    fields: {},
    inWorkspace: true,
    handler: async ({ workspace, requests }) => ({
      body: await requests.ask({
        operation: 'read',
        namespace: '',
        path: `sys/workspaces/${workspace}/grants`,
      }),
    }),
  }),
  defineOperation({
    method: 'DELETE',
    pattern: 'grants/{id}',
    summary: 'End a grant before its time',
    fields: { id: { type: 'string', required: true, description: 'The grant' } },
    inWorkspace: true,
    status: 204,
    async handler({ fields: { id }, workspace, requests }) {
      await requests.ask({
        operation: 'delete',
        namespace: '',
        path: `sys/workspaces/${workspace}/grants/${id}`,
      });
      return {};
    },
  }),
];
