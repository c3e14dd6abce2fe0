import { CofferError, invalidRequest } from '../errors.ts';
import type { TokenService } from '../token-service.ts';

/** A token service in which there is no token yet and none can be made: what an auth method meets must not break it. */
export const noTokens: TokenService = {
  create: () => Promise.reject(new CofferError('permission-denied')),
  lookUp: async () => undefined,
  lookUpAccessor: async () => undefined,
  lookUpCaller: async () => undefined,
  renew: () => Promise.reject(invalidRequest('token not found')),
  renewAccessor: () => Promise.reject(invalidRequest('invalid accessor')),
  renewCaller: () => Promise.reject(new CofferError('permission-denied')),
  revoke: async () => false,
  revokeAccessor: async () => false,
  revokeOrphan: async () => false,
  revokeCaller: () => Promise.reject(new CofferError('permission-denied')),
  accessors: async () => [],
  isRoot: () => false,
  hasSudo: async () => false,
  tidy: async () => undefined,
};
