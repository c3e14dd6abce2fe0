import { isObject } from '../outbound-request.ts';
import type { Claims } from '../signed-jwt.ts';

/** Whom a token of Kubernetes speaks for. */
export interface ServiceAccount {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Of tokens that are kept in a Secret; else empty. */
  readonly secretName: string;
}

const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const namespacePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** From the claims of a projected token or of one in a Secret. Undefined for anything that is neither. */
export function serviceAccountOf(claims: Claims): ServiceAccount | undefined {
  const projected = claims['kubernetes.io'];
  const account = isObject(projected) ? projected['serviceaccount'] : undefined;
  const found =
    isObject(projected) && isObject(account)
      ? { name: account['name'], namespace: projected['namespace'], uid: account['uid'], secretName: '' }
      : {
          name: claims['kubernetes.io/serviceaccount/service-account.name'],
          namespace: claims['kubernetes.io/serviceaccount/namespace'],
          uid: claims['kubernetes.io/serviceaccount/service-account.uid'],
          secretName: claims['kubernetes.io/serviceaccount/secret.name'] ?? '',
        };
  const { name, namespace, uid, secretName } = found;
  if (typeof name !== 'string' || typeof namespace !== 'string' || typeof uid !== 'string') return undefined;
  if (!namePattern.test(name) || !namespacePattern.test(namespace) || uid === '') return undefined;
  return { name, namespace, uid, secretName: typeof secretName === 'string' ? secretName : '' };
}
