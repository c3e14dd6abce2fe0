import type { RequestHandler } from './server-contract.ts';

/** Stands before the server while it starts and after it stopped, so that listeners can be there first. */
export class Gate {
  #handler: RequestHandler | undefined;
  readonly handler: RequestHandler = (request, response, connection, upgrade) => {
    if (this.#handler) {
      this.#handler(request, response, connection, upgrade);
      return;
    }
    request.resume();
    response.writeHead(503, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Retry-After': '1',
    });
    response.end('{"errors":["the server is starting"]}\n');
  };

  open(handler: RequestHandler): void {
    this.#handler = handler;
  }
}
