import {
  type Call,
  definePath,
  type FieldDeclarations,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { remoteFields, remoteSettings, shownMethod, totpFields, totpSettings } from './method-settings.ts';
import { changeMethod, createMethod, methodById, removeMethod } from './method-store.ts';
import type { MfaPathOptions } from './mfa-paths.ts';
import type { MethodType, RemoteMethodRecord } from './mfa-record.ts';

const idField = { type: 'string', description: 'Id of the method', required: true } as const;
const nameField = {
  type: 'string',
  description: 'Name of the method, for X-Vault-MFA; unique in its namespace',
  default: '',
} as const;
const help = {
  synopsis: 'Second factors of logins.',
  description:
    'A method says what kind of second factor, enforcements say whose logins need it. totp works; duo, okta and pingid are kept, and logins that need them are refused.',
};

/** `identity/mfa/method…`: the second factors that enforcements name. */
export function methodPaths(options: MfaPathOptions): PathDeclaration[] {
  return [
    definePath({ pattern: 'mfa/method', fields: {}, help, operations: { list: lister(options, undefined) } }),
    definePath({
      pattern: 'mfa/method/{method_id}',
      fields: { method_id: idField },
      help,
      operations: { read: reader(options, undefined) },
    }),
    ...totpPaths(options),
    ...(['duo', 'okta', 'pingid'] as const).flatMap((type) => remotePaths(options, type)),
  ];
}

function totpPaths(options: MfaPathOptions): PathDeclaration[] {
  const { configs } = options;
  const fields = { ...totpFields, method_name: nameField } as const;
  return [
    definePath({
      pattern: 'mfa/method/totp',
      fields,
      help,
      operations: {
        list: lister(options, 'totp'),
        write: {
          summary: 'Create a TOTP method',
          examples: [
            { description: 'As authenticators expect it', data: { issuer: 'Acme', method_name: 'app' } },
          ],
          clearKeys: ['method_id'],
          async handler({ fields, namespace }) {
            const wish = { type: 'totp', settings: totpSettings(fields) } as const;
            return { data: { method_id: await createMethod(configs, namespace, fields.method_name, wish) } };
          },
        },
      },
    }),
    definePath({
      pattern: 'mfa/method/totp/{method_id}',
      fields: { ...fields, method_id: idField },
      help,
      operations: {
        read: reader(options, 'totp'),
        delete: remover(options, 'totp'),
        write: {
          summary: 'Change a TOTP method; keys that were made before stay as they are',
          async handler({ fields, namespace }) {
            const wish = { type: 'totp', settings: totpSettings(fields) } as const;
            await changeMethod(configs, namespace, fields.method_id, fields.method_name, wish);
            return undefined;
          },
        },
      },
    }),
  ];
}

function remotePaths(options: MfaPathOptions, type: RemoteMethodRecord['type']): PathDeclaration[] {
  const { configs } = options;
  const fields: FieldDeclarations = { ...remoteFields[type], method_name: nameField };
  const nameOf = (given: Readonly<Record<string, unknown>>) => String(given['method_name'] ?? '');
  return [
    definePath({
      pattern: `mfa/method/${type}`,
      fields,
      help,
      operations: {
        list: lister(options, type),
        write: {
          summary: `Keep a method of type ${type}`,
          clearKeys: ['method_id'],
          async handler({ fields, namespace }) {
            const wish = { type, settings: remoteSettings(type, fields) } as const;
            const id = await createMethod(configs, namespace, nameOf(fields), wish);
            const warning = `This server keeps methods of type ${type} and cannot check them: logins that need one are refused`;
            return { data: { method_id: id }, warnings: [warning] };
          },
        },
      },
    }),
    definePath({
      pattern: `mfa/method/${type}/{method_id}`,
      fields: { ...fields, method_id: idField },
      help,
      operations: {
        read: {
          summary: 'Read a method, without what is secret in it',
          pure: true,
          handler: ({ fields, namespace }) => read(options, namespace, String(fields['method_id']), type),
        },
        delete: {
          summary: 'Delete a method that no enforcement names',
          handler: ({ fields, namespace }) => remove(options, namespace, String(fields['method_id']), type),
        },
        write: {
          summary: `Change a method of type ${type}`,
          async handler({ fields, namespace }) {
            const wish = { type, settings: remoteSettings(type, fields) } as const;
            await changeMethod(configs, namespace, String(fields['method_id']), nameOf(fields), wish);
            return undefined;
          },
        },
      },
    }),
  ];
}

type Where = Call<object>['namespace'];
type CallById = Call<{ readonly method_id: string }>;

/** Those of the namespace and of the namespaces above it. */
function lister({ configs }: MfaPathOptions, type: MethodType | undefined) {
  return {
    summary: type ? `List the methods of type ${type}` : 'List all methods',
    pure: true,
    async handler({ namespace }: Call<object>): Promise<Reply | undefined> {
      const methods = await configs.methods(namespace);
      const found = methods.filter(({ value }) => type === undefined || value.type === type);
      if (found.length === 0) return undefined;
      const info = found.map(({ namespace: at, value }) => [value.id, shownMethod(value, at)] as const);
      return { data: { key_info: Object.fromEntries(info), keys: info.map(([id]) => id) } };
    },
  } as const;
}

function reader(options: MfaPathOptions, type: MethodType | undefined) {
  return {
    summary: 'Read a method, without what is secret in it',
    pure: true,
    handler: ({ fields, namespace }: CallById) => read(options, namespace, fields.method_id, type),
  } as const;
}

function remover(options: MfaPathOptions, type: MethodType) {
  return {
    summary: 'Delete a method that no enforcement names',
    handler: ({ fields, namespace }: CallById) => remove(options, namespace, fields.method_id, type),
  } as const;
}

async function read(
  { configs }: MfaPathOptions,
  namespace: Where,
  id: string,
  type: MethodType | undefined,
): Promise<Reply | undefined> {
  const found = await methodById(configs, namespace, id, type);
  return found && { data: shownMethod(found.value, found.namespace) };
}

async function remove(
  { configs, namespaceById }: MfaPathOptions,
  { id: namespaceId }: Where,
  id: string,
  type: MethodType,
): Promise<undefined> {
  const namespace = await namespaceById(namespaceId);
  if (namespace) await removeMethod(configs, namespace, id, type);
  return undefined;
}
