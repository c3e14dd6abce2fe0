import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import {
  changeTokenSettings,
  noTokenSettings,
  olderTokenFields,
  shownTokenSettings,
  type TokenSettings,
  tokenFields,
} from '../../contracts/token-fields.ts';
import { isServiceUrl } from '../outbound-request.ts';

/** The configuration of a mount, as stored under `config`. */
export interface ConfigRecord {
  readonly organization: string;
  /** 0 until it is known. Names of organizations can be taken over by others, ids cannot. */
  readonly organizationId: number;
  /** Empty for github.com. */
  readonly baseUrl: string;
  readonly token: TokenSettings;
}

export const configFields = {
  organization: { type: 'string', description: 'The organization whose members log in' },
  organization_id: { type: 'int', description: 'Its id; asked for at GitHub unless given' },
  base_url: {
    type: 'string',
    description: 'Address of the API of GitHub Enterprise, such as https://github.example.com/api/v3/',
  },
  ...tokenFields,
  ttl: olderTokenFields.ttl,
  max_ttl: olderTokenFields.max_ttl,
} as const satisfies FieldDeclarations;

export const noConfig: ConfigRecord = {
  organization: '',
  organizationId: 0,
  baseUrl: '',
  token: noTokenSettings,
};

/** `before` with what `given` names replaced; another organization has another id. Throws 'invalid-request'. */
export function changeConfig(
  before: ConfigRecord,
  given: Partial<FieldValues<typeof configFields>>,
): ConfigRecord {
  const organization = (given.organization ?? before.organization).trim();
  const baseUrl = (given.base_url ?? before.baseUrl).trim();
  const isSame = organization === before.organization && baseUrl === before.baseUrl;
  const config: ConfigRecord = {
    organization,
    organizationId: given.organization_id ?? (isSame ? before.organizationId : 0),
    baseUrl,
    token: changeTokenSettings(before.token, given),
  };
  if (organization === '') throw invalidRequest('organization is a required parameter');
  // Tokens of people are sent there.
  if (baseUrl !== '' && !isServiceUrl(baseUrl)) throw invalidRequest('base_url is no http or https URL');
  if (config.organizationId < 0) throw invalidRequest('organization_id cannot be negative');
  return config;
}

export function shownConfig(config: ConfigRecord): JsonObject {
  return {
    base_url: config.baseUrl,
    organization: config.organization,
    organization_id: config.organizationId,
    ...shownTokenSettings(config.token),
  };
}
