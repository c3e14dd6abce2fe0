/** A listener cannot be opened or reloaded. `message` is a sentence without its full stop; `hint` says what to do. */
export class ListenerError extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.name = 'ListenerError';
    this.hint = hint;
  }
}

/** What the system said to `listen`, in words. */
export function listenErrorOf(error: unknown, place: string): ListenerError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EADDRINUSE':
      return new ListenerError(
        `${place} is taken by another program`,
        'Stop that program, or choose another address: -address=HOST:PORT of `coffer start`, `address` of the listener elsewhere.',
      );
    case 'EACCES':
    case 'EPERM':
      return new ListenerError(
        `this user may not listen on ${place}`,
        'Choose a port above 1023 or a folder of your own.',
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new ListenerError(
        `this machine has no address ${place}`,
        'Choose one of its own, such as 127.0.0.1.',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenerError(`the name in ${place} is not known`, 'Write an address instead of a name.');
    case 'ENOENT':
      return new ListenerError(`the folder of ${place} does not exist`, 'Make it first.');
    default:
      return new ListenerError(
        `cannot listen on ${place} (${code || 'unknown reason'})`,
        'Choose another address.',
      );
  }
}
