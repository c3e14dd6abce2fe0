import { connect, type Socket } from 'node:net';

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
}

export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** The bytes of the n-th request. */
  readonly request: (n: number) => string;
}

/** Closed loop over keep-alive connections, one request outstanding on each. Raw sockets, so that the client costs little. */
export async function load(plan: LoadPlan): Promise<LoadResult> {
  const latencies: number[] = [];
  let sent = 0;
  let failures = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + plan.seconds * 1000;
  await Promise.all(
    Array.from({ length: plan.connections }, () =>
      runConnection(plan, {
        next: () => (performance.now() < endsAt ? plan.request(sent++) : undefined),
        done: (ms, ok) => {
          latencies.push(ms);
          if (!ok) failures++;
        },
      }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests: latencies.length,
    perSecond: latencies.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    failures,
  };
}

interface Loop {
  next(): string | undefined;
  done(ms: number, ok: boolean): void;
}

function runConnection(plan: LoadPlan, loop: Loop): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
    let buffered = '';
    let sentAt = 0;
    const send = () => {
      const request = loop.next();
      if (request === undefined) {
        socket.destroy();
        resolve();
        return;
      }
      sentAt = performance.now();
      socket.write(request, 'latin1');
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      const length = answerLength(buffered);
      if (length === undefined || buffered.length < length) return;
      const ok = buffered.startsWith('HTTP/1.1 2');
      buffered = buffered.slice(length);
      loop.done(performance.now() - sentAt, ok);
      send();
    });
  });
}

function answerLength(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end));
  return end + 4 + Number(length?.[1] ?? 0);
}
