import { createServer, type Server } from 'node:http';

interface Person {
  readonly login: string;
  readonly organizations: readonly { readonly login: string; readonly id: number }[];
  readonly teams: readonly {
    readonly name: string;
    readonly slug: string;
    readonly organizationId: number;
  }[];
}

/** GitHub's REST API on loopback, in the form that its documentation shows: pages, `Bad credentials`, a user agent required. */
export class GitHub {
  /** By personal access token. */
  readonly people = new Map<string, Person>();
  readonly organizations = new Map<string, number>([['example', 42]]);
  readonly seen: string[] = [];
  broken: number | undefined;
  #server: Server | undefined;

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      this.seen.push(url.pathname);
      const [status, body] = this.#answer(
        url,
        request.headers.authorization ?? '',
        request.headers['user-agent'],
      );
      response.writeHead(status, { 'content-type': 'application/json', location: `${this.url}/user` });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** As GitHub Enterprise has it, below a path. */
  get url(): string {
    const address = this.#server?.address();
    if (!address || typeof address === 'string') throw new Error('GitHub has not started');
    return `http://127.0.0.1:${address.port}/api/v3`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #answer(url: URL, authorization: string, agent: string | undefined): [number, unknown] {
    if (this.broken !== undefined) return [this.broken, { message: 'canary of GitHub' }];
    if (!agent) return [403, { message: 'Request forbidden by administrative rules.' }];
    const path = url.pathname.replace(/^\/api\/v3/, '');
    const organization = /^\/orgs\/([^/]+)$/.exec(path)?.[1];
    if (organization !== undefined) {
      const id = this.organizations.get(organization);
      return id === undefined ? [404, { message: 'Not Found' }] : [200, { login: organization, id }];
    }
    const person = this.people.get(authorization.replace(/^(?:Bearer|token) /, ''));
    if (!person) return [401, { message: 'Bad credentials' }];
    if (path === '/user') return [200, { login: person.login, id: 1, type: 'User' }];
    const size = Number(url.searchParams.get('per_page') ?? 30);
    const from = (Number(url.searchParams.get('page') ?? 1) - 1) * size;
    if (path === '/user/orgs') return [200, person.organizations.slice(from, from + size)];
    if (path !== '/user/teams') return [404, { message: 'Not Found' }];
    const teams = person.teams.map(({ name, slug, organizationId }) => ({
      name,
      slug,
      organization: { login: 'any', id: organizationId },
    }));
    return [200, teams.slice(from, from + size)];
  }
}
