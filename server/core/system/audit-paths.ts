import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { AuditDevices } from '../audit/audit-devices.ts';

/** `sys/audit`, `sys/audit-hash` and `sys/config/auditing`, with patterns relative to `sys/`. */
export function auditPaths(devices: AuditDevices): readonly PathDeclaration[] {
  return [
    devicesPath(devices),
    devicePath(devices),
    hashPath(devices),
    requestHeadersPath(devices),
    requestHeaderPath(devices),
  ];
}

function devicesPath(devices: AuditDevices): PathDeclaration {
  return definePath({
    pattern: 'audit',
    fields: {},
    access: 'sudo',
    rootOnly: true,
    shape: 'flattened',
    help: {
      synopsis: 'List the enabled audit devices.',
      description:
        'Every device records every request and response, with secrets as hashes under its own salt.',
    },
    operations: {
      read: {
        summary: 'List the enabled audit devices',
        pure: true,
        handler: async () => ({ data: Object.fromEntries(devices.list().map(describe)) }),
      },
    },
  });
}

function describe(device: ReturnType<AuditDevices['list']>[number]): [path: string, facts: object] {
  const { path, type, description, options, local } = device;
  return [path, { type, description, options, local, path }];
}

function devicePath(devices: AuditDevices): PathDeclaration {
  return definePath({
    pattern: 'audit/{path...}',
    fields: {
      path: { type: 'string', description: 'The name of the device.', required: true },
      type: { type: 'string', description: 'The type of the device, such as `file`.', default: '' },
      description: { type: 'string', description: 'For people.', default: '' },
      options: { type: 'key-values', description: 'Options of the device, such as `file_path`.' },
      local: { type: 'bool', description: 'Not shared with other clusters.', default: false },
    },
    access: 'sudo',
    rootOnly: true,
    help: {
      synopsis: 'Enable or disable an audit device.',
      description: 'A new device proves that it can record before it is enabled, and gets a salt of its own.',
    },
    operations: {
      write: {
        summary: 'Enable an audit device',
        examples: [
          {
            description: 'Append to a file',
            path: 'audit/file',
            data: { type: 'file', options: { file_path: '/var/log/coffer/audit.log' } },
          },
        ],
        handler: async ({ fields }) => {
          const { path, type, description, options = {}, local } = fields;
          const warnings = await devices.enable({ path, type, description, options, local });
          return warnings.length > 0 ? { warnings } : undefined;
        },
      },
      delete: {
        summary: 'Disable an audit device',
        handler: async ({ fields }) => {
          await devices.disable(fields.path);
          return undefined;
        },
      },
    },
  });
}

function hashPath(devices: AuditDevices): PathDeclaration {
  return definePath({
    pattern: 'audit-hash/{path...}',
    fields: {
      path: { type: 'string', description: 'The name of the device.', required: true },
      input: { type: 'string', description: 'The text to hash.', default: '', sensitive: true },
    },
    rootOnly: true,
    shape: 'flattened',
    help: {
      synopsis: 'The hash of a text as it stands in the log of one audit device.',
      description: 'To find out where a known secret was used, look for its hash in the log.',
    },
    operations: {
      write: {
        summary: 'Hash a text with the salt of an audit device',
        handler: async ({ fields }) => {
          if (fields.input === '') throw invalidRequest('the "input" parameter is empty');
          return { data: { hash: devices.hash(fields.path, fields.input) } };
        },
      },
    },
  });
}

function requestHeadersPath(devices: AuditDevices): PathDeclaration {
  return definePath({
    pattern: 'config/auditing/request-headers',
    fields: {},
    access: 'sudo',
    rootOnly: true,
    shape: 'flattened',
    help: {
      synopsis: 'List the request headers that are audited.',
      description: 'No header is audited unless it is named here.',
    },
    operations: {
      read: {
        summary: 'List the request headers that are audited',
        pure: true,
        handler: async () => ({ data: { headers: devices.headers } }),
      },
    },
  });
}

function requestHeaderPath(devices: AuditDevices): PathDeclaration {
  return definePath({
    pattern: 'config/auditing/request-headers/{header}',
    fields: {
      header: { type: 'string', description: 'The name of the header.', required: true },
      hmac: { type: 'bool', description: 'Write a hash instead of the value.', default: false },
    },
    access: 'sudo',
    rootOnly: true,
    shape: 'flattened',
    help: {
      synopsis: 'Read, set or remove the auditing of one request header.',
      description: 'Headers that carry credentials, such as Authorization, are hashed whatever `hmac` says.',
    },
    operations: {
      read: {
        summary: 'Read whether a header is audited',
        pure: true,
        handler: async ({ fields }) => {
          const setting = Object.entries(devices.headers).find(
            ([name]) => name === fields.header.toLowerCase(),
          )?.[1];
          if (setting === undefined) throw invalidRequest('Could not find header in config');
          return { data: { [fields.header]: setting } };
        },
      },
      write: {
        summary: 'Audit a header',
        handler: async ({ fields }) => {
          await devices.setHeader(fields.header, fields.hmac);
          return undefined;
        },
      },
      delete: {
        summary: 'Stop auditing a header',
        handler: async ({ fields }) => {
          await devices.removeHeader(fields.header);
          return undefined;
        },
      },
    },
  });
}
