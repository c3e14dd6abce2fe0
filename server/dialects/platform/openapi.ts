import type { JsonObject } from '../../contracts/request.ts';
import { fieldSchema, parameter } from '../../core/openapi/schema.ts';
import type { PlatformOperation } from '../../platform/index.ts';

/** The platform API as OpenAPI 3.1, from its declarations. */
export function openApiDocument(operations: readonly PlatformOperation[], version: string): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const path = `/${operation.pattern.replace('...', '')}${operation.verb ? `:${operation.verb}` : ''}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Coffer platform API', version, license: { name: 'See LICENSE' } },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: problem },
    },
  };
}

const problem = {
  type: 'object',
  description: 'Problem details (RFC 9457)',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    hint: { type: 'string' },
    request_id: { type: 'string' },
  },
};

function described(operation: PlatformOperation): JsonObject {
  const { method, pattern, verb, fields, inWorkspace, status, summary } = operation;
  const inPath = (name: string): boolean => new RegExp(`\\{${name}\\.*\\}`).test(pattern);
  const inQuery = method === 'GET' || method === 'DELETE';
  const all = Object.entries(fields);
  const parameters = all
    .filter(([name]) => inPath(name) || inQuery)
    .map(([name, field]) => parameter(name, field, inPath(name) ? 'path' : 'query'));
  const inBody = inQuery ? [] : all.filter(([name]) => !inPath(name));
  return {
    operationId: [method.toLowerCase(), ...pattern.replace(/\{|\}|\./g, '').split('/'), verb ?? '']
      .filter(Boolean)
      .join('-'),
    summary,
    parameters: inWorkspace ? [...parameters, workspaceParameter] : parameters,
    ...(inBody.length === 0
      ? {}
      : {
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: Object.fromEntries(inBody.map(([name, field]) => [name, fieldSchema(field)])),
                  required: inBody.filter(([, field]) => field.required).map(([name]) => name),
                },
              },
            },
          },
        }),
    responses: {
      [String(status)]: { description: 'It went well' },
      default: {
        description: 'It did not',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const workspaceParameter = {
  name: 'workspace',
  in: 'query',
  required: false,
  description: 'The workspace; or the header X-Coffer-Workspace, or in the body',
  schema: { type: 'string' },
};
