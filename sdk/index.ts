export { ApiError } from './api-error.ts';
export {
  CofferClient,
  type CofferClientOptions,
  type PlatformRequestOptions,
  type Query,
  type Reply,
  type RequestOptions,
} from './client.ts';
export type { LoginOptions } from './machine-login.ts';
export { ProblemError } from './problem.ts';
export { type SdkClock, sdkSystemClock } from './sdk-clock.ts';
export {
  isObject,
  type JsonObject,
  type Secret,
  type SecretAuth,
  type SecretWrapInfo,
  toSecret,
} from './secret.ts';
export type { CacheOptions } from './secret-cache.ts';
export { SecretValue, type SecretValues } from './secret-value.ts';
export {
  type NewSecret,
  type ReadOptions,
  type SecretChange,
  type SecretDescription,
  type SecretDetails,
  SecretsClient,
} from './secrets-client.ts';
export {
  fetchTransport,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';
