import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { PasswordPolicies } from '../policies/password-policies.ts';

const name = { type: 'string', description: 'Name of the policy', required: true } as const;

/** `sys/policies/password`: how passwords that engines make look. */
export function passwordPolicyPaths(policies: PasswordPolicies): PathDeclaration[] {
  return [listPath(policies), policyPath(policies), generatePath(policies)];
}

function listPath(policies: PasswordPolicies): PathDeclaration {
  return definePath({
    pattern: 'policies/password',
    fields: {
      after: { type: 'string', description: 'Last name of the page before', query: true },
      limit: { type: 'int', description: 'How many at the most', query: true },
    },
    operations: {
      list: {
        summary: 'List password policies',
        pure: true,
        async handler({ namespace, fields: { after, limit } }) {
          const page = { ...(after ? { after } : {}), ...(limit && limit > 0 ? { limit } : {}) };
          return { data: { keys: await policies.list(namespace.id, page) } };
        },
      },
    },
    help: { synopsis: 'The names of all password policies.', description: 'Those of this namespace.' },
  });
}

function policyPath(policies: PasswordPolicies): PathDeclaration {
  return definePath({
    pattern: 'policies/password/{name...}',
    fields: {
      name,
      policy: { type: 'string', description: 'The policy in HCL or JSON, plain or base64' },
    },
    operations: {
      read: {
        summary: 'Read a password policy',
        pure: true,
        handler: async (call) => ({
          data: { policy: await policies.read(call.namespace.id, call.fields.name) },
        }),
      },
      write: {
        summary: 'Write a password policy',
        async handler(call) {
          const { policy } = call.fields;
          if (policy === undefined || policy.trim() === '') throw invalidRequest('missing policy');
          await policies.write(call.namespace.id, call.fields.name, decoded(policy));
          return undefined;
        },
      },
      delete: {
        summary: 'Delete a password policy',
        async handler(call) {
          await policies.remove(call.namespace.id, call.fields.name);
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'Read, write and delete a password policy.',
      description:
        'A length (4 to 100) and, for each of one or more sets of characters, how many of it there must be.',
    },
  });
}

function generatePath(policies: PasswordPolicies): PathDeclaration {
  return definePath({
    pattern: 'policies/password/{name...}/generate',
    fields: { name },
    operations: {
      read: {
        summary: 'Generate a password',
        handler: async (call) => ({
          data: { password: await policies.generate(call.namespace.id, call.fields.name) },
        }),
      },
    },
    help: {
      synopsis: 'A password by the policy.',
      description: 'It is not kept anywhere. All passwords that the policy allows are equally likely.',
    },
  });
}

/** Vault takes the text as base64 too. A policy has spaces, quotes or braces, which base64 has not. */
function decoded(text: string): string {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed) || trimmed.length % 4 !== 0) return text;
  return Buffer.from(trimmed, 'base64').toString();
}
