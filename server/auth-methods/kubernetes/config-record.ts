import { X509Certificate } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { isServiceUrl } from '../outbound-request.ts';
import { publicKeyOf } from '../signed-jwt.ts';

/** The configuration of a mount, as stored under `config`. */
export interface ConfigRecord {
  readonly host: string;
  /** Empty for the one of the pod that the server runs in. */
  readonly caPem: string;
  /** Empty for the one of that pod, or else the token that logs in. */
  readonly reviewerJwt: string;
  readonly publicKeys: readonly string[];
  readonly issuer: string;
  readonly isIssuerUnchecked: boolean;
  readonly isLocalOff: boolean;
}

export const configFields = {
  kubernetes_host: { type: 'string', description: 'Address of the API server, https://HOST:PORT' },
  kubernetes_ca_cert: {
    type: 'string',
    description: 'Authorities of its certificate in PEM; in a pod, its own unless given',
  },
  token_reviewer_jwt: {
    type: 'string',
    description:
      'Token of a service account that may review tokens (system:auth-delegator); in a pod its own, otherwise each caller’s own. Never read back',
    sensitive: true,
  },
  pem_keys: {
    type: 'strings',
    description:
      'Public keys or certificates in PEM, one of which must have signed a token, besides the review',
  },
  issuer: { type: 'string', description: 'What `iss` has to be, where that is checked' },
  disable_iss_validation: {
    type: 'bool',
    description: 'Leave the issuer to the review (the default)',
    default: true,
  },
  disable_local_ca_jwt: { type: 'bool', description: 'Use nothing of the pod that the server runs in' },
} as const satisfies FieldDeclarations;

/** The whole configuration: what is not given is not set. Throws 'invalid-request'. */
export function configOf(given: FieldValues<typeof configFields>): ConfigRecord {
  const config: ConfigRecord = {
    host: (given.kubernetes_host ?? '').trim().replace(/\/+$/, ''),
    caPem: (given.kubernetes_ca_cert ?? '').trim(),
    reviewerJwt: (given.token_reviewer_jwt ?? '').trim(),
    publicKeys: (given.pem_keys ?? []).map((pem) => pem.trim()),
    issuer: given.issuer ?? '',
    isIssuerUnchecked: given.disable_iss_validation,
    isLocalOff: given.disable_local_ca_jwt ?? false,
  };
  if (config.host === '') throw invalidRequest('no host provided');
  if (!isServiceUrl(config.host)) throw invalidRequest('kubernetes_host is no http or https URL');
  if (config.isLocalOff && config.caPem === '')
    throw invalidRequest('kubernetes_ca_cert must be given when disable_local_ca_jwt is true');
  if (config.caPem !== '' && !isCertificate(config.caPem))
    throw invalidRequest('kubernetes_ca_cert holds no certificate in PEM');
  if (config.publicKeys.some((pem) => publicKeyOf(pem) === undefined))
    throw invalidRequest('data does not contain any valid public keys');
  return config;
}

/** Without the reviewer's token. */
export function shownConfig(config: ConfigRecord): JsonObject {
  return {
    disable_iss_validation: config.isIssuerUnchecked,
    disable_local_ca_jwt: config.isLocalOff,
    issuer: config.issuer,
    kubernetes_ca_cert: config.caPem,
    kubernetes_host: config.host,
    pem_keys: config.publicKeys,
    token_reviewer_jwt_set: config.reviewerJwt !== '',
  };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}
