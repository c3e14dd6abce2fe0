import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { isCodeAlgorithm } from '../../crypto/otpauth-url.ts';
import type { MethodRecord, RemoteMethodRecord, TotpSettings } from './mfa-record.ts';

export const totpFields = {
  issuer: { type: 'string', description: 'Who asks for the code, as authenticators show it', default: '' },
  period: { type: 'duration', description: 'How long a code is good', default: 30 },
  key_size: { type: 'int', description: 'Bytes of a key, at most 512', default: 20 },
  qr_size: { type: 'int', description: 'Width of the QR code in pixels; 0 for none', default: 200 },
  algorithm: { type: 'string', description: 'SHA1, SHA256 or SHA512', default: 'SHA1' },
  digits: { type: 'int', description: '6 or 8', default: 6 },
  skew: {
    type: 'int',
    description: 'Periods before and after the present one whose codes are taken: 0 or 1',
    default: 1,
  },
  max_validation_attempts: {
    type: 'int',
    description: 'Wrong codes in a row before an entity has to wait; 0 means 5',
    default: 5,
  },
} as const satisfies FieldDeclarations;

interface TotpWish {
  readonly issuer: string;
  readonly period: number;
  readonly key_size: number;
  readonly qr_size: number;
  readonly algorithm: string;
  readonly digits: number;
  readonly skew: number;
  readonly max_validation_attempts: number;
}

const mostKeyBytes = 512;
const mostIssuer = 512;

/** Throws 'invalid-request', in Vault's words where it has some. */
export function totpSettings(wish: TotpWish): TotpSettings {
  const { issuer, period, algorithm, digits, skew, key_size: keySize, qr_size: qrSize } = wish;
  if (!isCodeAlgorithm(algorithm)) throw invalidRequest('unrecognized algorithm');
  if (digits !== 6 && digits !== 8) throw invalidRequest('digits can only be 6 or 8');
  if (period <= 0) throw invalidRequest('period must be greater than zero');
  if (skew !== 0 && skew !== 1) throw invalidRequest('skew must be 0 or 1');
  if (keySize <= 0) throw invalidRequest('key_size must be greater than zero');
  if (keySize > mostKeyBytes) throw invalidRequest(`key_size must not be greater than ${mostKeyBytes}`);
  if (qrSize < 0) throw invalidRequest('qr_size must be greater than or equal to zero');
  if (issuer === '') throw invalidRequest('issuer must be set');
  if (issuer.length > mostIssuer) throw invalidRequest('issuer is too long');
  if (wish.max_validation_attempts < 0)
    throw invalidRequest('max_validation_attempts must be greater than zero');
  const maxValidationAttempts = wish.max_validation_attempts || 5;
  return { issuer, periodSeconds: period, algorithm, digits, skew, keySize, qrSize, maxValidationAttempts };
}

const usernameFormat = {
  type: 'string',
  description: 'What the service calls an entity; a template',
  default: '',
} as const;

/** The fields of methods that need another service, which are kept; secret ones are never shown. */
export const remoteFields = {
  duo: {
    username_format: usernameFormat,
    secret_key: { type: 'string', description: 'Secret key of Duo', sensitive: true, default: '' },
    integration_key: { type: 'string', description: 'Integration key of Duo', sensitive: true, default: '' },
    api_hostname: { type: 'string', description: 'API host name of Duo', default: '' },
    push_info: { type: 'string', description: 'Shown with a push', default: '' },
    use_passcode: { type: 'bool', description: 'Ask for a passcode instead of a push', default: false },
  },
  okta: {
    username_format: usernameFormat,
    org_name: { type: 'string', description: 'Name of the organisation at Okta', default: '' },
    api_token: { type: 'string', description: 'API token of Okta', sensitive: true, default: '' },
    base_url: { type: 'string', description: 'Host of Okta, such as okta.com', default: '' },
    primary_email: { type: 'bool', description: 'Match the primary mail address only', default: false },
    production: { type: 'bool', description: 'Older form of base_url', default: true },
  },
  pingid: {
    username_format: usernameFormat,
    settings_file_base64: {
      type: 'string',
      description: 'The settings file of PingID, base64',
      sensitive: true,
      default: '',
    },
  },
} as const satisfies Readonly<Record<RemoteMethodRecord['type'], FieldDeclarations>>;

const required: Readonly<Record<RemoteMethodRecord['type'], readonly (readonly [string, string])[]>> = {
  duo: [
    ['secret_key', 'secret_key is empty'],
    ['integration_key', 'integration_key is empty'],
    ['api_hostname', 'api_hostname is empty'],
  ],
  okta: [
    ['org_name', 'org_name must be set'],
    ['api_token', 'api_token must be set'],
  ],
  pingid: [['settings_file_base64', 'settings_file_base64 is empty']],
};

/** What was given, with the lines of PingID's file as settings. Throws 'invalid-request'. */
export function remoteSettings(type: RemoteMethodRecord['type'], fields: JsonObject): JsonObject {
  for (const [name, message] of required[type]) if (!fields[name]) throw invalidRequest(message);
  const names = Object.keys(remoteFields[type]);
  const given = Object.fromEntries(names.map((name) => [name, fields[name]]));
  if (type !== 'pingid') return given;
  return { ...given, ...settingsOfFile(String(given['settings_file_base64'])) };
}

const pingKeys = new Set([
  'use_base64_key',
  'use_signature',
  'token',
  'idp_url',
  'org_alias',
  'admin_url',
  'authenticator_url',
]);

/** Lines of `key=value`; what they hold is never repeated in an error. */
function settingsOfFile(base64: string): JsonObject {
  const settings: Record<string, unknown> = {};
  const lines = Buffer.from(base64, 'base64').toString('utf8').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = line.slice(0, Math.max(0, equals));
    if (!pingKeys.has(key))
      throw invalidRequest(`settings_file_base64: line ${index + 1} is no setting of PingID`);
    const value = line.slice(equals + 1);
    settings[key] = key === 'use_signature' ? value.trim() === 'true' : value;
  }
  return settings;
}

/** Everything but what is secret, with Vault's names. */
export function shownMethod(
  method: MethodRecord,
  namespace: { readonly id: string; readonly path: string },
): JsonObject {
  return {
    ...shownSettings(method),
    type: method.type,
    id: method.id,
    name: method.name,
    namespace_id: namespace.id,
    namespace_path: namespace.path,
  };
}

function shownSettings(method: MethodRecord): JsonObject {
  if (method.type === 'totp') {
    const { settings } = method;
    return {
      issuer: settings.issuer,
      period: settings.periodSeconds,
      digits: settings.digits,
      skew: settings.skew,
      key_size: settings.keySize,
      qr_size: settings.qrSize,
      algorithm: settings.algorithm,
      max_validation_attempts: settings.maxValidationAttempts,
    };
  }
  const { settings } = method;
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, settings[name] ?? '']));
  switch (method.type) {
    case 'duo':
      return {
        ...pick(['api_hostname', 'username_format', 'use_passcode']),
        pushinfo: settings['push_info'],
        mount_accessor: '',
      };
    case 'okta':
      return {
        ...pick(['org_name', 'username_format']),
        ...(settings['base_url'] ? pick(['base_url']) : pick(['production'])),
        mount_accessor: '',
      };
    default:
      return {
        ...pick(['idp_url', 'org_alias', 'admin_url', 'authenticator_url']),
        use_signature: settings['use_signature'] === true,
      };
  }
}
