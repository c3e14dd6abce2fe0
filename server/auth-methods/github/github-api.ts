import { CofferError } from '../../contracts/errors.ts';
import { isObject, OutboundError, sendOutbound } from '../outbound-request.ts';

/** Who a token of GitHub belongs to, and what they are in the organization that was asked about. */
export interface Member {
  readonly login: string;
  readonly organization: string;
  /** Names and slugs of teams, in lower case, each once. */
  readonly teams: readonly string[];
}

const publicApi = 'https://api.github.com';
const pageSize = 100;
const mostPages = 20;

/** GitHub's REST API, spoken to with the token of whoever logs in. */
export class GitHubApi {
  readonly #base: string;

  constructor(baseUrl: string) {
    this.#base = (baseUrl || publicApi).replace(/\/+$/, '');
  }

  /** Undefined when the owner of the token is no member. Throws 'invalid-credentials' for a token that GitHub refuses, and `OutboundError`. */
  async member(token: string, organizationId: number): Promise<Member | undefined> {
    const user = await this.#get(token, '/user');
    const login = isObject(user) ? user['login'] : undefined;
    if (typeof login !== 'string' || login === '') throw new OutboundError('the answer names no user');
    const organizations = await this.#all(token, '/user/orgs');
    const found = organizations.find((each) => each['id'] === organizationId);
    if (!found) return undefined;
    const own = (await this.#all(token, '/user/teams')).filter(
      ({ organization }) => isObject(organization) && organization['id'] === organizationId,
    );
    const names = own.flatMap(({ name, slug }) => [name, slug]).filter((text) => typeof text === 'string');
    const organization = typeof found['login'] === 'string' ? found['login'] : '';
    return { login, organization, teams: [...new Set(names.map((text) => text.toLowerCase()))] };
  }

  /** Throws `OutboundError`. */
  async organizationId(name: string): Promise<number> {
    const found = await this.#get('', `/orgs/${encodeURIComponent(name)}`);
    const id = isObject(found) ? found['id'] : undefined;
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw new OutboundError('the answer has no id');
    return id;
  }

  async #all(token: string, path: string): Promise<Readonly<Record<string, unknown>>[]> {
    const all: Readonly<Record<string, unknown>>[] = [];
    for (let page = 1; page <= mostPages; page++) {
      const items = await this.#get(token, `${path}?per_page=${pageSize}&page=${page}`);
      if (!Array.isArray(items)) throw new OutboundError('the answer is no list');
      all.push(...items.filter(isObject));
      if (items.length < pageSize) break;
    }
    return all;
  }

  async #get(token: string, path: string): Promise<unknown> {
    const { status, text } = await sendOutbound({
      url: this.#base + path,
      headers: {
        accept: 'application/vnd.github+json',
        'user-agent': 'coffer',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    if (status === 401 && token !== '')
      throw new CofferError('invalid-credentials', 'GitHub does not accept the token');
    if (status !== 200) throw new OutboundError(`the answer has status ${status}`);
    try {
      return JSON.parse(text);
    } catch {
      throw new OutboundError('the answer is no JSON');
    }
  }
}
