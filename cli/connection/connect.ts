import { parseJson, stringifyJson } from '../../formats/json/index.ts';
import { CofferClient } from '../../sdk/client.ts';
import type { Transport } from '../../sdk/transport.ts';
import type { Flags } from '../arguments/parse-flags.ts';
import { programName } from '../program-name.ts';
import { type Connection, type Environment, readConnection } from '../settings.ts';
import { findToken } from '../token-file.ts';
import { type NodeTransport, nodeTransport } from './node-transport.ts';
import { underRules } from './traffic-rules.ts';

/** The clients of one command; connections are opened when the first request is made. */
export interface Clients {
  /** Sends, unless the user asked to see the request instead. */
  readonly client: CofferClient;
  /** Sends in any case: for what a command must know before it can compose its request. */
  readonly asking: CofferClient;
  /** A client like `unwrapped` with another token. */
  withToken(token: string): CofferClient;
  /** The token that the others send; '' for none. */
  readonly token: string;
  /** Without the user's -wrap-ttl. */
  readonly unwrapped: CofferClient;
  /** For streams, which the clients cannot read. */
  readonly connection: Connection;
  close(): void;
}

export async function connect(flags: Flags, environment: Environment): Promise<Clients> {
  const connection = readConnection(flags, environment);
  const wire = nodeTransport(connection);
  const network = { ...wire, send: underRules(wire.send, connection) };
  const transport = await chooseTransport(flags, environment, network);
  const token = findToken(environment);
  const unwrapped = { ...connection, wrapTtl: undefined };
  const client = makeClient(connection, transport, token);
  return {
    client,
    token,
    connection,
    asking: makeClient(unwrapped, network.send, token),
    unwrapped: connection.wrapTtl === undefined ? client : makeClient(unwrapped, transport, token),
    withToken: (other) => makeClient(unwrapped, transport, other),
    close: () => network.close(),
  };
}

async function chooseTransport(
  flags: Flags,
  environment: Environment,
  network: NodeTransport,
): Promise<Transport> {
  if (!flags.on('output-curl-string') && !flags.on('output-policy')) return network.send;
  const { curlTransport, policyTransport } = await import('./printing-transports.ts');
  return flags.on('output-curl-string') ? curlTransport(programName(environment)) : policyTransport;
}

function makeClient(connection: Connection, transport: Transport, token: string): CofferClient {
  return new CofferClient({
    address: connection.address,
    namespace: connection.namespace,
    token,
    headers: connection.headers,
    ...(connection.wrapTtl === undefined || connection.wrapTtl === '0s'
      ? {}
      : { wrapTtl: connection.wrapTtl }),
    maxRetries: connection.maxRetries,
    timeoutMilliseconds: connection.timeoutMilliseconds,
    // One command, one answer of the server.
    cache: false,
    transport,
    parse: parseJson,
    stringify: stringifyJson,
  });
}
