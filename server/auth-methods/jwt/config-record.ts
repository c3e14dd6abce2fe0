import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { isObject, isServiceUrl, objectOf } from '../outbound-request.ts';
import { publicKeyOf, signatureAlgorithms } from '../signed-jwt.ts';

export interface JwksAddress {
  readonly url: string;
  readonly caPem: string;
}

/** The configuration of a mount, as stored under `config`. */
export interface ConfigRecord {
  readonly boundIssuer: string;
  readonly defaultRole: string;
  readonly jwks: JwksAddress;
  readonly jwksPairs: readonly JwksAddress[];
  readonly discovery: JwksAddress;
  readonly publicKeys: readonly string[];
  readonly algorithms: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
  readonly responseMode: string;
  readonly responseTypes: readonly string[];
  readonly serverNames: readonly string[];
  readonly namespaceInState: boolean;
}

export const configFields = {
  oidc_discovery_url: {
    type: 'string',
    description: 'Issuer whose /.well-known/openid-configuration says where its keys are',
  },
  oidc_discovery_ca_pem: {
    type: 'string',
    description: 'Authorities for it in PEM, instead of the system’s',
  },
  oidc_client_id: { type: 'string', description: 'Client id at the provider, for logins in a browser' },
  oidc_client_secret: { type: 'string', description: 'Its secret; never read back', sensitive: true },
  oidc_response_mode: { type: 'string', description: '`query`, or nothing' },
  oidc_response_types: { type: 'strings', description: '`code`, or nothing' },
  jwks_url: { type: 'string', description: 'Where keys are published (RFC 7517)' },
  jwks_ca_pem: { type: 'string', description: 'Authorities for it in PEM, instead of the system’s' },
  jwks_pairs: { type: 'any', description: 'Several: a list of objects with jwks_url and jwks_ca_pem' },
  jwt_validation_pubkeys: {
    type: 'strings',
    description: 'Public keys or certificates in PEM that verify JWTs, without asking anybody',
  },
  jwt_supported_algs: { type: 'strings', description: 'Signature algorithms; RS256 and ES256 unless given' },
  bound_issuer: { type: 'string', description: 'What `iss` has to be' },
  default_role: { type: 'lower-string', description: 'The role of a login that names none' },
  provider_config: { type: 'map', description: 'Not supported; may be empty' },
  namespace_in_state: { type: 'bool', description: 'Kept and shown', default: true },
  override_allowed_server_names: {
    type: 'strings',
    description: 'Names accepted in the certificate of the keys’ server, instead of its host',
  },
  skip_jwks_validation: {
    type: 'bool',
    description: 'Keep the configuration although its source of keys does not answer now',
  },
} as const satisfies FieldDeclarations;

export type ConfigValues = FieldValues<typeof configFields>;

const oneSource =
  "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs', 'oidc_discovery_url', or 'provider_config' must be set";

/** The whole configuration: what is not given is not set. Throws 'invalid-request'. */
export function configOf(given: ConfigValues): ConfigRecord {
  const pairs = pairsOf(given.jwks_pairs);
  const config: ConfigRecord = {
    boundIssuer: given.bound_issuer ?? '',
    defaultRole: given.default_role ?? '',
    jwks: { url: given.jwks_url ?? '', caPem: given.jwks_ca_pem ?? '' },
    jwksPairs: pairs,
    discovery: { url: given.oidc_discovery_url ?? '', caPem: given.oidc_discovery_ca_pem ?? '' },
    publicKeys: (given.jwt_validation_pubkeys ?? []).map((pem) => pem.trim()),
    algorithms: given.jwt_supported_algs ?? [],
    clientId: given.oidc_client_id ?? '',
    clientSecret: given.oidc_client_secret ?? '',
    responseMode: given.oidc_response_mode ?? '',
    responseTypes: given.oidc_response_types ?? [],
    serverNames: given.override_allowed_server_names ?? [],
    namespaceInState: given.namespace_in_state,
  };
  if (given.provider_config && Object.keys(given.provider_config).length > 0)
    throw invalidRequest('provider_config is not supported: groups come from the groups_claim of the token');
  const sources = [
    config.publicKeys.length > 0,
    config.jwks.url !== '',
    pairs.length > 0,
    config.discovery.url !== '',
  ].filter((isSet) => isSet).length;
  if (sources !== 1) throw invalidRequest(oneSource);
  checkConfig(config);
  return config;
}

function checkConfig(config: ConfigRecord): void {
  if ((config.clientId === '') !== (config.clientSecret === ''))
    throw invalidRequest("both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC");
  if (config.clientId !== '' && config.discovery.url === '')
    throw invalidRequest("'oidc_discovery_url' must be set for OIDC");
  if (!['', 'query', 'form_post'].includes(config.responseMode))
    throw invalidRequest(`invalid response_mode: ${JSON.stringify(config.responseMode)}`);
  if (config.responseMode === 'form_post')
    throw invalidRequest('response_mode "form_post" is not supported; leave it out, or use "query"');
  if (config.responseTypes.some((type) => type !== 'code'))
    throw invalidRequest('invalid response_types: only "code" is supported');
  const known: readonly string[] = signatureAlgorithms;
  const unknown = config.algorithms.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw invalidRequest(
      `invalid jwt_supported_algs: unsupported signing algorithm ${JSON.stringify(unknown)}`,
    );
  if (config.publicKeys.some((pem) => publicKeyOf(pem) === undefined))
    throw invalidRequest('error parsing public key: data does not contain any valid public keys');
  for (const { url, caPem } of [config.jwks, config.discovery, ...config.jwksPairs]) {
    if (url !== '' && !isServiceUrl(url))
      throw invalidRequest('a URL of the configuration is not http or https');
    if (caPem !== '' && !caPem.includes('BEGIN CERTIFICATE'))
      throw invalidRequest('could not parse CA PEM value successfully');
  }
}

function pairsOf(given: unknown): readonly JwksAddress[] {
  if (given === undefined || given === null || given === '') return [];
  const wrapped = typeof given === 'string' ? objectOf(`{"list":${given}}`)?.['list'] : given;
  const list: readonly unknown[] | undefined = Array.isArray(wrapped) ? wrapped : undefined;
  const pairs = list?.map((each) => (typeof each === 'string' ? objectOf(each) : each));
  if (!pairs?.every((pair) => isObject(pair) && typeof pair['jwks_url'] === 'string'))
    throw invalidRequest("'jwks_pairs' is a list of objects with jwks_url and jwks_ca_pem");
  return pairs.filter(isObject).map((pair) => ({
    url: String(pair['jwks_url']),
    caPem: typeof pair['jwks_ca_pem'] === 'string' ? pair['jwks_ca_pem'] : '',
  }));
}

/** Without the client's secret. */
export function shownConfig(config: ConfigRecord, status: string): JsonObject {
  return {
    bound_issuer: config.boundIssuer,
    default_role: config.defaultRole,
    jwks_ca_pem: config.jwks.caPem,
    jwks_pairs: config.jwksPairs.map(({ url, caPem }) => ({ jwks_url: url, jwks_ca_pem: caPem })),
    jwks_url: config.jwks.url,
    jwt_supported_algs: config.algorithms,
    jwt_validation_pubkeys: config.publicKeys,
    namespace_in_state: config.namespaceInState,
    oidc_client_id: config.clientId,
    oidc_discovery_ca_pem: config.discovery.caPem,
    oidc_discovery_url: config.discovery.url,
    oidc_response_mode: config.responseMode,
    oidc_response_types: config.responseTypes,
    override_allowed_server_names: config.serverNames,
    provider_config: {},
    status,
  };
}
