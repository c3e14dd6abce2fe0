export { ApiError } from './api-error.ts';
export {
  CofferClient,
  type CofferClientOptions,
  type Query,
  type Reply,
  type RequestOptions,
} from './client.ts';
export {
  isObject,
  type JsonObject,
  type Secret,
  type SecretAuth,
  type SecretWrapInfo,
  toSecret,
} from './secret.ts';
export {
  fetchTransport,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';
