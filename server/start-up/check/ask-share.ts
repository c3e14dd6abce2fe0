import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { AskShare } from './open-with-seal.ts';

/** Key shares one line at a time: asked for without showing them on a terminal, otherwise read from `input` as they stand. */
export function askShareOn(input: NodeJS.ReadStream, err: NodeJS.WriteStream): AskShare {
  let lines: AsyncIterator<string> | undefined;
  return async (given) => {
    const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
    lines ??= createInterface({ input, output: unseen, terminal: input.isTTY === true })[
      Symbol.asyncIterator
    ]();
    if (input.isTTY) err.write(`Key share ${given + 1} (will be hidden): `);
    const { value, done } = await lines.next();
    if (input.isTTY) err.write('\n');
    if (!done) return value;
    return undefined;
  };
}
