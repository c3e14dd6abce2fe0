import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { equalText } from '../../crypto/constant-time.ts';
import { authorizationUrl, claimsForCode } from './authorization-code.ts';
import type { LiveConfig } from './config-store.ts';
import { grantOf, judgedLater } from './grant.ts';
import type { ProviderFacts } from './key-source.ts';
import type { LoginStates } from './login-state.ts';
import { type LoginServices, roleFor } from './path-login.ts';

export function oidcPaths(services: LoginServices, states: LoginStates): PathDeclaration[] {
  return [authUrlPath(services, states), callbackPath(services, states)];
}

function authUrlPath(services: LoginServices, states: LoginStates): PathDeclaration {
  return definePath({
    pattern: 'oidc/auth_url',
    access: 'anyone',
    fields: {
      role: { type: 'lower-string', description: 'Role to log in with; the default role unless given' },
      redirect_uri: { type: 'string', description: 'Where the browser returns to; one that the role allows' },
      client_nonce: {
        type: 'string',
        description: 'A random text that only the client knows; the callback then needs it too',
        sensitive: true,
      },
    },
    help: {
      synopsis: 'Begin a login in a browser.',
      description:
        'Answers with the address at the provider to open. It is empty when the role does not allow the redirect_uri; the server log says so. Works for ten minutes.',
    },
    operations: {
      write: {
        summary: 'Begin a login in a browser',
        async handler({ fields }) {
          const { live, facts } = await configured(services);
          const role = await roleFor(services, live, fields.role);
          if (role.type !== 'oidc') throw invalidRequest('role with jwt role_type is not allowed');
          const redirectUri = fields.redirect_uri;
          if (!redirectUri) throw invalidRequest('missing redirect_uri');
          if (!isAllowed(redirectUri, role.redirectUris ?? [])) {
            services.logger.warn('a login asked for a redirect_uri that its role does not allow', {
              role: role.name,
            });
            return { data: { auth_url: '' } };
          }
          const clientNonce = fields.client_nonce ?? '';
          if (clientNonce.length > 512) throw invalidRequest('client_nonce is too long');
          const begun = await states.begin({ role: role.name, redirectUri, clientNonce });
          return { data: { auth_url: authorizationUrl(facts, live.config.clientId, role, begun) } };
        },
      },
    },
  });
}

function callbackPath(services: LoginServices, states: LoginStates): PathDeclaration {
  const { clock, logger } = services;
  return definePath({
    pattern: 'oidc/callback',
    access: 'anyone',
    fields: {
      state: { type: 'string', description: 'As the provider gave it back', query: true, sensitive: true },
      code: { type: 'string', description: 'As the provider gave it', query: true, sensitive: true },
      client_nonce: {
        type: 'string',
        description: 'The one that the login began with',
        query: true,
        sensitive: true,
      },
      error: { type: 'string', description: 'What the provider says instead of a code', query: true },
      error_description: { type: 'string', description: 'The same in words; not repeated', query: true },
      id_token: { type: 'string', description: 'Not used', query: true, sensitive: true },
    },
    help: {
      synopsis: 'Finish a login in a browser.',
      description: 'Exchanges the code at the provider and checks who signed in.',
    },
    operations: {
      read: {
        summary: 'Finish a login in a browser',
        async handler({ fields, origin }) {
          const begun = fields.state ? await states.open(fields.state) : undefined;
          if (!begun) throw invalidRequest('Vault login failed. Expired or missing OAuth state.');
          if (begun.clientNonce !== '' && !equalText(begun.clientNonce, fields.client_nonce ?? ''))
            throw invalidRequest('invalid client_nonce');
          if (!fields.code) throw invalidRequest(refusalOf(fields.error));
          const { live, facts } = await configured(services);
          const role = await roleFor(services, live, begun.role);
          if (role.type !== 'oidc' || !isAllowed(begun.redirectUri, role.redirectUris ?? []))
            throw invalidRequest('the role has changed since the login began');
          const login = { code: fields.code, begun, nowMs: clock.now() };
          const claims = await judgedLater('error validating token: ', () =>
            claimsForCode(live, facts, role, login),
          );
          return { auth: grantOf(role, claims, origin.remoteAddress, logger) };
        },
      },
    },
  });
}

async function configured({
  configs,
}: LoginServices): Promise<{ readonly live: LiveConfig; readonly facts: ProviderFacts }> {
  const live = await configs.find();
  if (!live) throw invalidRequest('could not load configuration');
  const isOidc = live.config.clientId !== '';
  const facts = isOidc ? await judgedLater('', () => live.keys.facts()) : undefined;
  if (!facts?.authorizationUrl || !facts.tokenUrl)
    throw invalidRequest('OIDC login is not configured for this mount');
  return { live, facts };
}

/** Written out, so that nothing else is read as one; RFC 8252 section 7.3 lets a native application listen on any port. */
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?((?:[/?][\x21-\x7e]*)?)$/;

/** The very same characters, except for the port of a loopback address. */
function isAllowed(uri: string, allowed: readonly string[]): boolean {
  if (allowed.includes(uri)) return true;
  const own = withoutPort(uri);
  return own !== undefined && allowed.some((other) => withoutPort(other) === own);
}

function withoutPort(uri: string): string | undefined {
  const found = loopback.exec(uri);
  return found && !uri.includes('\\') ? `${found[1]} ${found[2]}` : undefined;
}

function refusalOf(error: string | undefined): string {
  const reason = error && /^[a-z_]{1,40}$/.test(error) ? ` The provider says: ${error}.` : '';
  return `Vault login failed. The provider gave no code.${reason}`;
}
