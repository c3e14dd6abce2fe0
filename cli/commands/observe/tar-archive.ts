import { Buffer } from 'node:buffer';

export interface ArchivedFile {
  /** Relative, at most 100 bytes. */
  readonly name: string;
  readonly content: string;
}

const blockSize = 512;

/** A tar archive in the ustar format (POSIX.1-1988), readable by its owner alone. */
export function tarArchive(files: readonly ArchivedFile[], timeMs: number): Buffer {
  const parts = files.flatMap(({ name, content }) => {
    const bytes = Buffer.from(content);
    const padding = Buffer.alloc((blockSize - (bytes.length % blockSize)) % blockSize);
    return [header(name, bytes.length, timeMs), bytes, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockSize)]);
}

function header(name: string, size: number, timeMs: number): Buffer {
  const block = Buffer.alloc(blockSize);
  if (Buffer.byteLength(name) > 100) throw new RangeError('a name in a tar archive has at most 100 bytes');
  block.write(name, 0);
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(Math.floor(timeMs / 1000), 11), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
