/** Ends a command with a message for the user and an exit code: 1 for local mistakes, 2 for what the server or the network refused. */
export class Failure extends Error {
  readonly exitCode: number;
  /** What to do about it; printed after the message. */
  readonly hint: string | undefined;
  constructor(exitCode: 1 | 2 | 127, message: string, hint?: string) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Ends a command early and successfully, with this on standard output. */
export class PrintInstead extends Error {
  readonly output: string;
  constructor(output: string) {
    super('printed instead of sent');
    this.name = 'PrintInstead';
    this.output = output;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of its path is not a directory',
};

/** A file system error in words, without the path. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (code === '' ? 'it cannot be opened' : code);
}
