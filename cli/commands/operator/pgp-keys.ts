import fs from 'node:fs';
import { Failure, reasonOf } from '../../failure.ts';

/** The files of `-flag=a.asc,b.asc` as base64, which is what the server takes. */
export function readPgpKeys(flag: string, given: readonly string[] | undefined): string[] | undefined {
  const paths = given?.flatMap((item) => item.split(',')).filter((path) => path !== '');
  return paths === undefined || paths.length === 0 ? undefined : paths.map((path) => readPgpKey(flag, path));
}

/** Armored, base64 or binary; the path may begin with @. */
export function readPgpKey(flag: string, path: string): string {
  if (path.startsWith('keybase:'))
    throw new Failure(
      1,
      `invalid value "${path}" for flag -${flag}: keys are read from files, not from Keybase`,
    );
  const content = readFile(flag, path.replace(/^@/, ''));
  const text = content.toString('latin1').trim();
  const armored = /-----BEGIN PGP [A-Z ]+-----\r?\n([\s\S]*?)\r?\n-----END PGP/.exec(text);
  if (armored) return dearmor(armored[1] ?? '');
  return /^[A-Za-z0-9+/=\s]+$/.test(text) ? text.replace(/\s/g, '') : content.toString('base64');
}

function readFile(flag: string, path: string): Buffer {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    throw new Failure(1, `invalid value "${path}" for flag -${flag}: open ${path}: ${reasonOf(error)}`);
  }
}

/** RFC 9580, section 6.2: header lines, an empty line, base64 lines, perhaps a checksum line that begins with `=`. */
function dearmor(body: string): string {
  const lines = body.split(/\r?\n/).map((line) => line.trim());
  const empty = lines.indexOf('');
  const data = lines.slice(empty + 1).filter((line) => line !== '' && !/^=[A-Za-z0-9+/]{4}$/.test(line));
  return data.join('');
}
