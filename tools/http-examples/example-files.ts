import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFolder } from '../source-files.ts';
import { type ExampleFile, parseExamples } from './parse-examples.ts';

export interface FoundExamples {
  /** From the project's folder, with `/`. */
  readonly path: string;
  readonly file: ExampleFile;
}

/** Every `examples.http` and `TOPIC.examples.http` of the server's rooms, by path. */
export async function exampleFiles(): Promise<FoundExamples[]> {
  const names = await readdir(join(projectFolder, 'server'), { recursive: true });
  return names
    .filter((name) => /(?:^|[\\/.])examples\.http$/.test(name))
    .map((name) => `server/${name.replaceAll('\\', '/')}`)
    .sort()
    .map((path) => ({ path, file: parseExamples(readFileSync(join(projectFolder, path), 'utf8')) }));
}
