/** An answer that goes on after the request has been answered: log lines over HTTP, events over a WebSocket. */
export interface ReplyStream {
  /** `websocket` only for a request that asked for one (`Origin.isWebSocket`). */
  readonly kind: 'text' | 'websocket';
  /**
   * Called once, when the head of the answer is out and the request is on record. The result is called once, when the peer
   * has gone or after `sink.end`.
   */
  start(sink: StreamSink): () => void;
}

export interface StreamSink {
  /** Never waits: look at `waitingBytes` before there is more. */
  send(message: string | Uint8Array): void;
  /** Sent, and not taken by the peer yet. */
  readonly waitingBytes: number;
  /** `text` is for people, at most 120 bytes, and without secrets. */
  end(why: StreamEnd, text: string): void;
}

/** done: nothing more will come. refused: the caller may no longer. too-slow: the caller does not read. going-away: the server seals or stops. */
export type StreamEnd = 'done' | 'refused' | 'too-slow' | 'going-away';
