import type { Secret } from '../../sdk/secret.ts';

/** What -field NAME means for a secret: the words of the table, then the keys of its data; undefined when there is none. */
export function fieldOfSecret(secret: Secret, field: string): unknown {
  const special = secret.auth !== null ? authField(secret, field) : wrapOrLeaseField(secret, field);
  return special ?? secret.data?.[field];
}

function authField({ auth }: Secret, field: string): unknown {
  switch (field) {
    case 'token':
      return auth?.client_token;
    case 'token_accessor':
      return auth?.accessor;
    case 'token_duration':
      return auth?.lease_duration;
    case 'token_renewable':
      return auth?.renewable;
    case 'token_policies':
      return auth?.token_policies;
    case 'identity_policies':
      return auth?.identity_policies;
    case 'policies':
      return auth?.policies;
    default:
      return field.startsWith('token_meta_')
        ? auth?.metadata?.[field.slice('token_meta_'.length)]
        : undefined;
  }
}

function wrapOrLeaseField(secret: Secret, field: string): unknown {
  const wrap = secret.wrap_info;
  if (wrap !== null) {
    switch (field) {
      case 'wrapping_token':
        return wrap.token;
      case 'wrapping_accessor':
        return wrap.accessor;
      case 'wrapping_token_ttl':
        return wrap.ttl;
      case 'wrapping_token_creation_time':
        return wrap.creation_time;
      case 'wrapping_token_creation_path':
        return wrap.creation_path;
      case 'wrapped_accessor':
        return wrap.wrapped_accessor;
      default:
        return undefined;
    }
  }
  switch (field) {
    case 'lease_id':
      return secret.lease_id === '' ? undefined : secret.lease_id;
    case 'lease_duration':
    case 'refresh_interval':
      return secret.lease_duration;
    case 'lease_renewable':
    case 'renewable':
      return secret.data?.['renewable'] ?? secret.renewable;
    case 'request_id':
      return secret.request_id;
    case 'data':
      return secret.data;
    default:
      return undefined;
  }
}
