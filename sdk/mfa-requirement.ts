import { isObject, type JsonObject, type SecretAuth } from './secret.ts';

/** What a login still needs before it has a token: of each constraint any one method. */
export interface MfaRequirement {
  readonly requestId: string;
  readonly constraints: readonly { readonly name: string; readonly methods: readonly MfaMethod[] }[];
}

export interface MfaMethod {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly usesPasscode: boolean;
}

/** Undefined for a login that has its token. */
export function mfaRequirementOf(auth: SecretAuth | null): MfaRequirement | undefined {
  const given = auth?.mfa_requirement;
  if (!isObject(given) || typeof given['mfa_request_id'] !== 'string') return undefined;
  const constraints = isObject(given['mfa_constraints']) ? given['mfa_constraints'] : {};
  return {
    requestId: given['mfa_request_id'],
    constraints: Object.entries(constraints).map(([name, constraint]) => ({
      name,
      methods:
        isObject(constraint) && Array.isArray(constraint['any'])
          ? constraint['any'].filter(isObject).map(methodOf)
          : [],
    })),
  };
}

function methodOf(given: JsonObject): MfaMethod {
  const text = (name: string): string => (typeof given[name] === 'string' ? given[name] : '');
  return {
    type: text('type'),
    id: text('id'),
    name: text('name'),
    usesPasscode: given['uses_passcode'] === true,
  };
}
