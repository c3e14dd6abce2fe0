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
  /** A second request made of the answer to the first; the two count as one, and take the time of both. */
  readonly follow?: (answer: string) => string;
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
        follow: plan.follow,
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
  readonly follow: LoadPlan['follow'];
}

function runConnection(plan: LoadPlan, loop: Loop): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
    let buffered = '';
    let sentAt = 0;
    let isFollowing = false;
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
      const answer = buffered.slice(0, length);
      buffered = buffered.slice(length);
      if (loop.follow && ok && !isFollowing) {
        isFollowing = true;
        socket.write(loop.follow(answer), 'latin1');
        return;
      }
      isFollowing = false;
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
