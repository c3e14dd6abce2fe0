import { codeOnly, type SourceFile, withoutComments } from './source-files.ts';

export const longestFile = 300;
export const longestFunction = 70;

/** What is longer than the rule says, by `path` or `path#function`: how long it may be at most. Only ever tightens. */
export type Ratchet = Readonly<Record<string, number>>;

/** Tests and suites are lists, and may be as long as they need to. */
export function hasLengthRules({ path }: { readonly path: string }): boolean {
  return path.endsWith('.ts') && !/\.test\.ts$|^tests\/|(^|\/)conformance\//.test(path);
}

/** Lengths beyond the rules, of files and functions. */
export function tooLong(file: SourceFile): Record<string, number> {
  const found: Record<string, number> = {};
  const lines = file.text.trimEnd().split('\n').length;
  if (lines > longestFile) found[file.path] = lines;
  for (const [name, length] of functionLengths(file.text)) {
    if (length <= longestFunction) continue;
    const key = `${file.path}#${name}`;
    found[key] = Math.max(found[key] ?? 0, length);
  }
  return found;
}

/**
 * Functions, methods and arrow functions that start a line, with their length in lines. Formatted code is read by its
 * indentation: a body ends at the first line that closes it as far left as it began.
 */
function functionLengths(text: string): [name: string, length: number][] {
  const lines = withoutComments(text).split('\n');
  const head =
    /^(\s*)(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\*?\s+(\w+)|(?:static\s+|readonly\s+|private\s+|get\s+|set\s+|async\s+|\*)*(#?\w+)\s*(?:<[^=]*>)?\((?!.*;\s*$)|(?:const|let)\s+(\w+)[^=]*=\s*(?:async\s*)?(?:\(|\w+\s*=>))/;
  const keywords = new Set([
    'if',
    'for',
    'while',
    'switch',
    'catch',
    'return',
    'await',
    'super',
    'describe',
    'it',
    'test',
    'suite',
  ]);
  const found: [string, number][] = [];
  lines.forEach((line, start) => {
    const [, indent = '', plain, method, constant] = head.exec(line) ?? [];
    const name = plain ?? method ?? constant;
    if (name === undefined || keywords.has(name)) return;
    const end = lines.findIndex((other, at) => at > start && other.startsWith(`${indent}}`));
    const isBody = end > start && lines.slice(start, end).some((other) => /[{(]\s*$/.test(other));
    if (isBody && isOpenUntil(lines, start, end, indent)) found.push([name, end - start + 1]);
  });
  return found;
}

/** No other statement begins at the same indentation in between. */
function isOpenUntil(lines: readonly string[], start: number, end: number, indent: string): boolean {
  return lines.slice(start + 1, end).every((line) => {
    if (line.trim() === '') return true;
    const depth = line.length - line.trimStart().length;
    return depth > indent.length || /^\s*[)\]}]/.test(line);
  });
}

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  /** Looks at comments too. */
  readonly inComments?: boolean;
  readonly appliesTo: (path: string) => boolean;
}

const isCode = (path: string): boolean => path.endsWith('.ts');
const isProduct = (path: string): boolean =>
  isCode(path) && !/\.test\.ts$|^tests\/|^tools\/|^bench\/|conformance|testing|harness/.test(path);

/** Spelt in parts, so that this file does not break its own rules. */
export const rules: readonly Rule[] = [
  {
    name: `a leftover ${'TO'}${'DO'}`,
    pattern: new RegExp(`\\b(${'TO'}DO|${'FIX'}ME|${'XX'}X|${'HA'}CK)\\b`),
    inComments: true,
    appliesTo: isCode,
  },
  {
    name: 'the type any',
    pattern: /(:\s*|<|\bas\s+|\|\s*)any\b(?!\()(?=[\s;,)>[\]|=]|$)/,
    appliesTo: isCode,
  },
  {
    name: 'a silenced check',
    pattern: /@ts-(ignore|expect-error|nocheck)|biome-ignore/,
    inComments: true,
    appliesTo: isProduct,
  },
  { name: 'console', pattern: /\bconsole\.\w+\(/, appliesTo: isProduct },
  { name: 'Math.random', pattern: /\bMath\.random\(/, appliesTo: isProduct },
  {
    name: 'an enum or namespace',
    pattern: /^\s*(export\s+)?(const\s+)?(enum|namespace)\s+\w+\s*\{/m,
    appliesTo: isCode,
  },
  { name: 'a default export', pattern: /^export default\b/m, appliesTo: isCode },
  {
    name: 'a path of some machine',
    pattern: new RegExp(`(["'\`(\\s])(/${'work'}/|/${'home'}/\\w+/|/${'Users'}/|[A-Z]:\\\\\\\\)`),
    inComments: true,
    appliesTo: (path) => isCode(path) && !path.startsWith('tests/'),
  },
];

/** The rules that a file breaks, with the line. */
export function broken(file: SourceFile): string[] {
  const code = codeOnly(file.text);
  return rules.flatMap(({ name, pattern, inComments, appliesTo }) => {
    if (!appliesTo(file.path)) return [];
    const text = inComments ? file.text : code;
    const at = text.search(pattern);
    return at === -1 ? [] : [`${file.path}:${text.slice(0, at).split('\n').length}: ${name}`];
  });
}

/** kebab-case with the usual endings; what others name (README.md, Dockerfile) is not code. */
export function isWellNamed(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  if (!/\.(ts|js|mjs|cjs)$/.test(name)) return true;
  return /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|d))?\.(ts|js|mjs|cjs)$/.test(name);
}

/** Names of tests, where they are written out. */
export function testNames(text: string): string[] {
  const pattern = /^\s*(?:await\s+)?(?:it|test)(?:\.\w+)?\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/gm;
  return [...withoutComments(text).matchAll(pattern)].map((match) => match[2] ?? '');
}

/** A sentence says what happens: several words, not the name of a function, no number of an issue. */
export function isSentence(name: string): boolean {
  return name.trim().split(/\s+/).length >= 3 && !/(^|\s)#\d+|^\w+\(\)|^should\b/.test(name);
}
