import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { AuthGrant, JsonObject } from '../../contracts/request.ts';
import { grantedToken, normalizePolicyNames, renewedToken } from '../../contracts/token-fields.ts';
import { type NamedRecords, recordName } from '../named-records.ts';
import { OutboundError } from '../outbound-request.ts';
import type { ConfigRecord } from './config-record.ts';
import { GitHubApi, type Member } from './github-api.ts';
import { readConfig } from './path-config.ts';
import { type MapRecord, policiesIn } from './path-maps.ts';

export interface LoginServices {
  readonly records: Records;
  readonly teams: NamedRecords<MapRecord>;
  readonly users: NamedRecords<MapRecord>;
}

interface Verified {
  readonly config: ConfigRecord;
  readonly member: Member;
  readonly policies: readonly string[];
}

const longestToken = 1024;

export function loginPath(services: LoginServices): PathDeclaration {
  return definePath({
    pattern: 'login',
    access: 'anyone',
    fields: {
      token: {
        type: 'string',
        description: 'A personal access token with the scope read:org',
        sensitive: true,
      },
    },
    help: {
      synopsis: 'Log in with a personal access token of GitHub.',
      description: 'Its owner has to be a member of the organization. Policies come by team and user.',
    },
    operations: {
      write: {
        summary: 'Log in',
        async handler({ fields, origin }) {
          const token = fields.token?.trim();
          if (!token) throw invalidRequest('missing token');
          const { config, member, policies } = await verify(services, token);
          const grant: AuthGrant = {
            ...grantedToken(config.token, origin.remoteAddress),
            policies,
            displayName: member.login,
            metadata: { username: member.login, org: member.organization },
            alias: { name: member.login },
            groupAliases: member.teams,
            renewable: true,
            internal: { token },
          };
          return { auth: grant };
        },
      },
    },
  });
}

/** GitHub is asked again: who has left the organization, or has other policies by now, cannot renew. */
export async function renewLogin(
  services: LoginServices,
  login: { readonly internal: JsonObject; readonly grant: AuthGrant },
): Promise<AuthGrant> {
  const { token } = login.internal;
  if (typeof token !== 'string') throw invalidRequest('this token was made by no login with GitHub');
  const { config, member, policies } = await verify(services, token);
  if (normalizePolicyNames(login.grant.policies).join('\n') !== policies.join('\n'))
    throw invalidRequest('policies have changed, not renewing');
  if (member.login !== login.grant.alias?.name && member.login !== login.grant.metadata['username'])
    throw invalidRequest('the user of this token has another name now, so it cannot be renewed');
  return { ...renewedToken(config.token, login.grant), groupAliases: member.teams };
}

async function verify({ records, teams, users }: LoginServices, token: string): Promise<Verified> {
  const config = await readConfig(records);
  if (!config) throw invalidRequest('configuration has not been set');
  // Sent as a header: nothing that could end it, and nothing long.
  if (token.length > longestToken || !/^[\x21-\x7e]+$/.test(token))
    throw new CofferError('invalid-credentials', 'GitHub does not accept the token');
  const member = await ask(config, token);
  if (!member) throw invalidRequest('user is not part of required org');
  const mapped = await Promise.all([
    ...member.teams.map((name) => find(teams, name)),
    find(users, member.login),
  ]);
  const policies = normalizePolicyNames([...config.token.policies, ...mapped.flatMap(policiesIn)]);
  return { config, member, policies };
}

async function ask(config: ConfigRecord, token: string): Promise<Member | undefined> {
  try {
    return await new GitHubApi(config.baseUrl).member(token, config.organizationId);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    throw new CofferError('unavailable', `GitHub did not answer as it should: ${error.message}`);
  }
}

/** A team may be called what no record can; it then has no policies of its own. */
async function find(entries: NamedRecords<MapRecord>, name: string): Promise<MapRecord | undefined> {
  return recordName(name) === undefined ? undefined : (await entries.find(name))?.value;
}
