import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Members } from '../workspaces/members.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import type { Grant, Grants } from './grants.ts';

export interface GrantPathsParts {
  readonly grants: Grants;
  readonly workspaces: Workspaces;
  readonly members: Members;
}

const name = { type: 'string', description: 'The workspace', required: true } as const;

/** `sys/workspaces/NAME/grants`: access to one secret for a limited time. */
export function grantPaths({ grants, workspaces, members }: GrantPathsParts): PathDeclaration[] {
  return [
    definePath({
      pattern: 'workspaces/{name}/grants',
      rootOnly: true,
      fields: {
        name,
        secret: { type: 'string', description: 'The one secret whose value may be read' },
        subject: { type: 'string', description: 'Who: user:NAME, machine:ROLE or entity:NAME' },
        duration: { type: 'duration', description: 'For how long, at most 30 days' },
      },
      operations: {
        read: {
          summary: 'List the grants of a workspace that are in force',
          async handler({ fields }) {
            await workspaces.get(fields.name);
            return { data: { grants: (await grants.list(fields.name)).map(shownGrant) } };
          },
        },
        write: {
          summary: 'Let somebody read one secret for a limited time',
          async handler({ fields, origin, caller }) {
            await workspaces.get(fields.name);
            const { name: workspace, secret = '', subject = '', duration = 0 } = fields;
            const entityId = await members.entityOf(subject, origin);
            const wish = { workspace, secret, subject, entityId, grantedBy: caller.displayName };
            return { status: 201, data: shownGrant(await grants.create(wish, duration)) };
          },
        },
      },
      help: {
        synopsis: 'Access to one secret for a limited time.',
        description: 'A policy of one person or machine whose rules end by themselves.',
      },
    }),
    definePath({
      pattern: 'workspaces/{name}/grants/{id}',
      rootOnly: true,
      fields: { name, id: { type: 'string', required: true, description: 'The grant' } },
      operations: {
        delete: {
          summary: 'End a grant before its time',
          async handler({ fields }) {
            await grants.end(fields.name, fields.id);
            return undefined;
          },
        },
      },
      help: { synopsis: 'End a grant.', description: 'What it allowed is refused from then on.' },
    }),
  ];
}

function shownGrant({ id, workspace, secret, subject, grantedBy, createdMs, expiresMs }: Grant): JsonObject {
  return {
    id,
    workspace,
    secret,
    subject,
    granted_by: grantedBy,
    created_at: new Date(createdMs).toISOString(),
    expires_at: new Date(expiresMs).toISOString(),
  };
}
