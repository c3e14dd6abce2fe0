import type { WriteStream } from 'node:tty';
import { Failure } from './failure.ts';

const interrupt = '\u0003';
const endOfInput = '\u0004';

/** Asks on the terminal for one line that is not shown. Ctrl-C ends the command. */
export async function askHidden(prompt: string, output: WriteStream): Promise<string> {
  const input = process.stdin;
  output.write(prompt);
  input.setRawMode(true);
  input.setEncoding('utf8');
  try {
    return await readLine(input);
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}

async function readLine(input: NodeJS.ReadStream): Promise<string> {
  let typed = '';
  return new Promise((resolve, reject) => {
    const onData = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n' || character === endOfInput) {
          finish();
          return;
        }
        if (character === interrupt) {
          finish(new Failure(1, 'Interrupted.'));
          return;
        }
        if (character === '\u007f' || character === '\b') typed = typed.slice(0, -1);
        else typed += character;
      }
    };
    const finish = (failure?: Failure): void => {
      input.off('data', onData);
      if (failure) reject(failure);
      else resolve(typed.trim());
    };
    input.on('data', onData);
  });
}
