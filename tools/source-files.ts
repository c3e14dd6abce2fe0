import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const projectFolder = join(import.meta.dirname, '..');

const rooms = ['bin', 'server', 'formats', 'sdk', 'cli', 'agent', 'gateway', 'tools', 'tests', 'bench'];
const skipped = new Set(['node_modules', 'dist', 'profiles', '.git']);

export interface SourceFile {
  /** From the project's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every file of the rooms that hold code, and its text. */
export function sourceFiles(): SourceFile[] {
  return rooms
    .flatMap((room) => pathsBelow(join(projectFolder, room)))
    .map((path) => ({
      path: relative(projectFolder, path).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }));
}

function pathsBelow(folder: string): string[] {
  const entries = entriesOf(folder);
  return entries.flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pathsBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // A room that is not built yet.
    return [];
  }
}

export interface Imported {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

/** What a file imports or exports from elsewhere, `import()` and types in `import('…')` included. Comments are left out. */
export function importsOf(text: string): Imported[] {
  const code = withoutComments(text);
  const found: Imported[] = [];
  const statement = /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  for (const [, type, specifier = ''] of code.matchAll(statement)) {
    found.push({ specifier, isTypeOnly: type !== undefined, isDynamic: false });
  }
  for (const match of code.matchAll(/(:\s*|<|readonly\s+\w+:\s*)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ specifier: match[2] ?? '', isTypeOnly: match[1] !== undefined, isDynamic: true });
  }
  return found;
}

/** The code with comments blanked out; strings and templates keep what looks like one. */
export function withoutComments(text: string): string {
  return text.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match, quoted: string | undefined) => quoted ?? match.replace(/[^\n]/g, ' '),
  );
}

/** The code with comments and the insides of strings and templates blanked out. */
export function codeOnly(text: string): string {
  return text.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match) => match.replace(/[^\n]/g, ' '),
  );
}
