import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { type Cors, standardCorsHeaders } from './cors.ts';

export interface ConfigDependencies {
  readonly cors: Cors;
  /** The root namespace's `sys/` records. */
  readonly records: Records;
  /** The configuration without what may be secret, in Vault's words. */
  readonly sanitizedState: () => JsonObject;
}

/** `sys/config/{cors,ui/headers,state/sanitized}`. */
export function configPaths(deps: ConfigDependencies): PathDeclaration[] {
  return [corsPath(deps.cors), ...uiHeaderPaths(deps.records), statePath(deps.sanitizedState)];
}

function corsPath(cors: Cors): PathDeclaration {
  return definePath({
    pattern: 'config/cors',
    access: 'sudo',
    rootOnly: true,
    shape: 'flattened',
    fields: {
      allowed_origins: { type: 'strings', description: 'Origins, or "*" alone for any', default: [] },
      allowed_headers: { type: 'strings', description: 'Headers besides the standard ones', default: [] },
      allow_credentials: { type: 'bool', description: 'Let pages send cookies', default: false },
      enable: { type: 'bool', description: 'Ignored: writing enables', deprecated: true },
    },
    operations: {
      read: {
        summary: 'Read the CORS configuration',
        pure: true,
        async handler(): Promise<Reply> {
          const config = await cors.config();
          if (!config) return { data: { enabled: false } };
          return {
            data: {
              enabled: true,
              allowed_origins: config.allowedOrigins,
              allowed_headers: [...standardCorsHeaders, ...config.allowedHeaders],
              allow_credentials: config.allowCredentials,
            },
          };
        },
      },
      write: {
        summary: 'Configure and enable CORS',
        async handler({ fields }) {
          const origins = fields.allowed_origins;
          if (origins.length === 0)
            throw invalidRequest('at least one origin or the wildcard must be provided', {
              hint: 'Set allowed_origins.',
            });
          if (origins.includes('*') && origins.length > 1)
            throw invalidRequest("to allow all origins the '*' must be the only value for allowed_origins");
          if (origins.includes('*') && fields.allow_credentials)
            throw invalidRequest('allow_credentials needs origins by name');
          for (const header of fields.allowed_headers) checkHeaderName('allowed_headers', header);
          await cors.configure({
            allowedOrigins: origins,
            allowedHeaders: fields.allowed_headers.filter((header) => !isStandard(header)),
            allowCredentials: fields.allow_credentials,
          });
          return undefined;
        },
      },
      delete: {
        summary: 'Disable CORS',
        async handler() {
          await cors.disable();
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'Cross-origin requests of browsers.',
      description: 'Off unless configured. Other clients send no Origin and are never concerned.',
    },
  });
}

function isStandard(header: string): boolean {
  return standardCorsHeaders.some((standard) => standard.toLowerCase() === header.toLowerCase());
}

const prefix = 'config/ui/headers/';

function uiHeaderPaths(records: Records): PathDeclaration[] {
  const find = (name: string) => records.get<{ name: string; values: string[] }>(prefix + name.toLowerCase());
  return [
    definePath({
      pattern: 'config/ui/headers',
      access: 'sudo',
      rootOnly: true,
      fields: {},
      operations: {
        list: {
          summary: 'List the headers of the web pages',
          pure: true,
          async handler() {
            const stored = await records.scan<{ name: string }>(prefix, { limit: 10_000 });
            return { data: { keys: stored.map(([, { value }]) => value.name) } };
          },
        },
      },
      help: {
        synopsis: 'Headers of the web pages.',
        description: 'Lists the names of the headers, without their values.',
      },
    }),
    definePath({
      pattern: 'config/ui/headers/{header}',
      access: 'sudo',
      rootOnly: true,
      fields: {
        header: { type: 'string', description: 'Name of the header', required: true },
        values: { type: 'string-list', description: 'Its values', default: [] },
        multivalue: { type: 'bool', description: 'Answer all values', default: false, query: true },
      },
      operations: {
        read: {
          summary: 'Read a header',
          pure: true,
          async handler({ fields }): Promise<Reply | undefined> {
            const values = (await find(fields.header))?.value.values;
            if (!values) return undefined;
            return { data: fields.multivalue ? { values } : { value: values[0] ?? '' } };
          },
        },
        write: {
          summary: 'Set a header',
          async handler({ fields: { header, values } }) {
            checkHeaderName('header', header);
            if (values.length === 0) throw invalidRequest('header values must be set');
            if (values.some((value) => /[^\t\x20-\x7e\x80-\xff]/.test(value)))
              throw invalidRequest('values: a header value cannot hold control characters');
            await records.commit({ put: [[prefix + header.toLowerCase(), { name: header, values }]] });
            return { data: null };
          },
        },
        delete: {
          summary: 'Remove a header',
          async handler({ fields }) {
            await records.commit({ remove: [prefix + fields.header.toLowerCase()] });
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'A header of the web pages.',
        description: 'Sent with the console’s pages, not with the API’s answers.',
      },
    }),
  ];
}

/** RFC 9110 section 5.1. */
function checkHeaderName(field: string, name: string): void {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/.test(name))
    throw invalidRequest(`${field}: not the name of a header`);
}

function statePath(state: () => JsonObject): PathDeclaration {
  return definePath({
    pattern: 'config/state/{what}',
    rootOnly: true,
    fields: { what: { type: 'string', description: 'sanitized', required: true } },
    operations: {
      read: {
        summary: 'Read the configuration without secrets',
        pure: true,
        async handler({ fields }) {
          if (fields.what !== 'sanitized')
            throw new CofferError('no-route', '1 error occurred:\n\t* unsupported path\n\n');
          return { data: state() };
        },
      },
    },
    help: {
      synopsis: 'The configuration in force.',
      description: 'Without anything that may be secret: no settings of seals, no paths of storage.',
    },
  });
}
