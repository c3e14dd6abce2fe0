import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportUsage } from './process.ts';

/** The floor: a bare node:http server that answers the bytes it was given, after reading the request. */
const body = Buffer.from(process.argv[2] ?? '', 'base64');
const headers = {
  'Cache-Control': 'no-store',
  'Content-Type': 'application/json',
  'Content-Length': body.length,
};
const server = createServer((request, response) => {
  const answer = () => {
    response.writeHead(200, headers);
    response.end(body);
  };
  if (request.method === 'GET') answer();
  else request.on('data', () => undefined).on('end', answer);
});
server.listen(0, '127.0.0.1', () => process.send?.({ ready: (server.address() as AddressInfo).port }));
reportUsage();
