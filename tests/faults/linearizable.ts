/** One request: when it was sent and answered, on a clock that never gives a time twice. */
export interface Call<Op> {
  readonly sent: number;
  readonly answered: number;
  readonly op: Op;
}

/**
 * Whether the calls can be put one after the other, none before one that was answered before it was sent, so that each
 * did what `next` says it does to the state it found: undefined is "cannot have been answered so". The search of Wing
 * and Gong; states have to be equal exactly when their JSON is.
 */
export function isLinearizable<State, Op>(
  history: readonly Call<Op>[],
  initial: State,
  next: (state: State, op: Op) => State | undefined,
): boolean {
  const calls = history.toSorted((a, b) => a.sent - b.sent);
  const dead = new Set<string>();
  const done = new Set<number>();

  const search = (state: State, first: number): boolean => {
    while (done.has(first)) first++;
    if (first === calls.length) return true;
    // Which calls of those from the first open one are done, and the state they left, is all that matters from here.
    const place = `${first} ${[...done].filter((n) => n > first).sort()} ${JSON.stringify(state)}`;
    if (dead.has(place)) return false;
    let earliestAnswer = Number.POSITIVE_INFINITY;
    for (let at = first; at < calls.length; at++) {
      const call = calls[at];
      if (!call || call.sent > earliestAnswer) break;
      if (done.has(at)) continue;
      earliestAnswer = Math.min(earliestAnswer, call.answered);
      const after = next(state, call.op);
      if (after === undefined) continue;
      done.add(at);
      if (search(after, first)) return true;
      done.delete(at);
    }
    dead.add(place);
    return false;
  };
  return search(initial, 0);
}
