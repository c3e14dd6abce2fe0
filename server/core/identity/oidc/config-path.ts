import { invalidRequest } from '../../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import type { OidcServices } from './oidc-services.ts';

/** Vault's warning, word for word: its clients print it. */
export const issuerWarning =
  'If "issuer" is set explicitly, all tokens must be validated against that address, including those issued by secondary clusters. Setting issuer to "" will restore the default behavior of using the cluster\'s api_addr as the issuer.';

/** Throws 'invalid-request' for anything but scheme, host and port. */
export function checkIssuer(issuer: string): void {
  if (issuer === '') return;
  if (!/^https?:\/\/[^/?#@\\\s]+$/.test(issuer) || !URL.canParse(issuer))
    throw invalidRequest(
      'invalid issuer, which must include only a scheme, host, and optional port (e.g. https://example.com:8200)',
    );
}

/** `identity/oidc/config`: who signs identity tokens. */
export function configPath({ store, address }: OidcServices): PathDeclaration {
  return definePath({
    pattern: 'oidc/config',
    fields: {
      issuer: {
        type: 'string',
        description: 'Scheme, host and port of the `iss` claim; empty for the address of the server',
      },
    },
    help: {
      synopsis: 'The issuer of identity tokens.',
      description:
        'Verifiers find the keys below this address, so it has to be one that they reach. Unset, it is api_addr, or the address of the first listener.',
    },
    operations: {
      read: {
        summary: 'Read the issuer',
        pure: true,
        async handler({ namespace }) {
          const issuer = await store.issuer(namespace);
          const isUnknown = issuer === '' && address === '';
          return {
            data: { issuer },
            ...(isUnknown
              ? {
                  warnings: [
                    'Both "issuer" and "api_addr" are empty. The issuer claim in generated tokens will not be network reachable.',
                  ],
                }
              : {}),
          };
        },
      },
      write: {
        summary: 'Set the issuer',
        examples: [{ description: 'A public name', data: { issuer: 'https://vault.example.com:8200' } }],
        async handler({ fields: { issuer }, namespace }) {
          if (issuer === undefined) return undefined;
          checkIssuer(issuer);
          await store.change(namespace, async (draft) => draft.put('config', { issuer }));
          return issuer === '' ? undefined : { warnings: [issuerWarning] };
        },
      },
    },
  });
}
