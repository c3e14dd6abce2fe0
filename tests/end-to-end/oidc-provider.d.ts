/** The part of the library's surface that the tests use; it comes without types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  interface Account {
    readonly accountId: string;
    claims(): Readonly<Record<string, unknown>>;
  }

  interface Settings {
    readonly findAccount: (context: unknown, id: string) => Account;
    readonly [name: string]: unknown;
  }

  // biome-ignore lint/style/noDefaultExport: the library has one
  export default class Provider {
    constructor(issuer: string, settings: Settings);
    callback(): RequestListener;
  }
}
