import type { Transport, TransportRequest } from '../../sdk/transport.ts';
import { PrintInstead } from '../failure.ts';
import type { ProgramName } from '../program-name.ts';

/** Instead of sending, ends the command with the curl command that would: the token as a reference, never its value. */
export const curlTransport =
  (program: ProgramName): Transport =>
  async (request) => {
    const headers = inGoOrder(request)
      .filter(([name]) => name !== 'Content-Type' || request.method === 'PATCH')
      .map(([name, value]) => {
        const shown = name === 'X-Vault-Token' ? `$(${program} print token)` : forDoubleQuotes(value);
        return ` -H "${name}: ${shown}"`;
      });
    const method = request.method === 'GET' ? '' : ` -X ${request.method}`;
    const body = request.body === undefined ? '' : ` -d '${request.body.replaceAll("'", `'"'"'`)}'`;
    throw new PrintInstead(`curl${method}${headers.join('')}${body} "${forDoubleQuotes(request.url)}"\n`);
  };

/** As Vault prints them: the request's mark first (last for a patch), the others by name, as Go writes names. */
function inGoOrder({ method, headers }: TransportRequest): [string, string][] {
  const mark = 'X-Vault-Request';
  const named = Object.entries(headers).map(([name, value]): [string, string] => [
    name === 'X-Vault-Wrap-TTL' ? 'X-Vault-Wrap-Ttl' : name,
    value,
  ]);
  const rank = ([name]: [string, string]): number => (name === mark ? (method === 'PATCH' ? 1 : -1) : 0);
  return named.sort((a, b) => rank(a) - rank(b) || (a[0] < b[0] ? -1 : 1));
}

function forDoubleQuotes(text: string): string {
  return text.replace(/["\\$`]/g, '\\$&');
}

/** Instead of sending, ends the command with the policy that the request would need. */
export const policyTransport: Transport = async (request) => {
  const { path, capabilities } = requiredCapabilities(request);
  const list = capabilities.map((capability) => `"${capability}"`).join(', ');
  throw new PrintInstead(`path "${path}" {\n  capabilities = [${list}]\n}\n`);
};

const needsSudo = [
  /^sys\/raw(\/|$)/,
  /^sys\/(audit|audit-hash)(\/|$)/,
  /^sys\/auth\/[^/]+$/,
  /^sys\/auth\/[^/]+\/tune$/,
  /^sys\/(seal|step-down|remount|rotate|rotate\/config)$/,
  /^sys\/leases\/(revoke-prefix|revoke-force|lookup)\//,
  /^sys\/(revoke-prefix|revoke-force)\//,
  /^sys\/config\/(auditing\/request-headers|cors|ui)/,
  /^auth\/token\/(accessors|revoke-orphan)\/?$/,
];

function requiredCapabilities(request: TransportRequest): { path: string; capabilities: string[] } {
  const [address = '', query = ''] = request.url.split('?');
  const path = decodeURI(address.replace(/^.*?\/v1\//, ''));
  const capabilities: string[] = {
    GET: [query.includes('list=true') ? 'list' : 'read'],
    DELETE: ['delete'],
    PATCH: ['patch'],
  }[request.method] ?? ['create', 'update'];
  return needsSudo.some((pattern) => pattern.test(path))
    ? { path, capabilities: [...capabilities, 'sudo'] }
    : { path, capabilities };
}
