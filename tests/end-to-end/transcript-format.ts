/** One command of a transcript with what it must print. */
export interface Step {
  /** From 1. */
  readonly line: number;
  readonly command: string;
  readonly out: readonly string[];
  readonly err: readonly string[];
  readonly exitCode: number;
  /** Standard output ends with a newline (or is empty). */
  readonly endsWithNewline: boolean;
}

export interface Transcript {
  /** The server it runs against: `dev`, or `config` for one that is not initialised. */
  readonly server: 'dev' | 'config';
  /** Files that stand in the working folder, by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/**
 * Reads a transcript. `# ` begins a comment, `% server dev|config` names the server, `% file NAME` … `% end` holds a
 * file; `$ ` begins a command. Below it: standard output as it is, standard error after `! `, `[exit N]` when not 0,
 * `[no newline at the end]`. Empty lines between steps do not count: one of output that stands last is written `.`, and
 * a line of output that begins with one of # $ % ! . has a backslash before it.
 */
export function parseTranscript(text: string): Transcript {
  const lines = text.split('\n');
  const files = new Map<string, string>();
  const steps: Step[] = [];
  let server: Transcript['server'] = 'dev';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const file = /^% file (\S+)$/.exec(line)?.[1];
    if (line.startsWith('% server ')) server = line.endsWith(' config') ? 'config' : 'dev';
    else if (file !== undefined) {
      const end = lines.indexOf('% end', at);
      if (end === -1) throw new Error(`line ${at + 1}: the file has no end`);
      files.set(file, `${lines.slice(at + 1, end).join('\n')}\n`);
      at = end;
    } else if (line.startsWith('$ ')) {
      const next = lines.findIndex(
        (one, index) => index > at && (one.startsWith('$ ') || /^[#%] /.test(one)),
      );
      const end = next === -1 ? lines.length : next;
      steps.push(parseStep(at + 1, line.slice(2), lines.slice(at + 1, end)));
      at = end - 1;
    } else if (line !== '' && !line.startsWith('# '))
      throw new Error(`line ${at + 1}: it belongs to no command`);
  }
  return { server, files, steps };
}

function parseStep(line: number, command: string, body: readonly string[]): Step {
  const lines = [...body];
  while (lines.at(-1) === '') lines.pop();
  const exit = lines.findIndex((one) => /^\[exit \d+\]$/.test(one));
  const exitCode = exit === -1 ? 0 : Number(/\d+/.exec(lines.splice(exit, 1)[0] ?? '')?.[0]);
  const open = lines.indexOf('[no newline at the end]');
  if (open !== -1) lines.splice(open, 1);
  const err = lines.filter((one) => one === '!' || one.startsWith('! ')).map((one) => one.slice(2));
  const out = lines
    .filter((one) => one !== '!' && !one.startsWith('! '))
    .map((one) => (one === '.' ? '' : one.replace(/^\\(?=[#$%!.])/, '')));
  return { line, command, out, err, exitCode, endsWithNewline: open === -1 };
}

const kinds: Readonly<Record<string, string>> = {
  time: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z',
  shorttime: '\\d\\d \\w{3} \\d\\d \\d\\d:\\d\\d UTC',
  gotime: '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)? \\+0000 UTC',
  uuid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  token: 'hv[sb]\\.[A-Za-z0-9_-]{20,}',
  accessor: '[a-z_]*[A-Za-z0-9]{8,}',
  key: '[A-Za-z0-9+/]{40,}={0,2}',
  hex: '[0-9a-f]{16,}',
  text: '[^\\s"]+',
  number: '\\d+',
  any: '.*',
  version: '\\d+\\.\\d+\\.\\d+',
  cluster: '[a-z]+-cluster-[0-9a-f]{8}',
  span: '(?:\\d+h)?(?:\\d+m)?(?:\\d+s)?',
};

/**
 * Compares what came with what was expected and returns the named placeholders' values; undefined when it differs.
 * `<kind>` stands for any value of a kind, `<NAME:kind>` remembers it, a line `[...]` stands for any lines. In a text
 * with placeholders runs of spaces and dashes may differ in length, as columns grow with what stands in them.
 */
export function matchLines(expected: readonly string[], actual: string): Map<string, string> | undefined {
  const captured = new Map<string, string>();
  const loose = expected.some((line) => line === '[...]' || /<(?:[A-Z0-9_]+:)?[a-z]+>/.test(line));
  const names: string[] = [];
  const pattern = expected.map((line) =>
    line === '[...]' ? '(?:.*\\n)*?' : `${linePattern(line, loose, names)}\\n`,
  );
  const match = new RegExp(`^${pattern.join('')}$`).exec(actual);
  if (!match) return undefined;
  names.forEach((name, index) => {
    captured.set(name, match[index + 1] ?? '');
  });
  return captured;
}

function linePattern(line: string, loose: boolean, names: string[]): string {
  return line
    .split(/(<(?:[A-Z0-9_]+:)?[a-z]+>)/)
    .map((part) => {
      const [, name, kind = ''] = /^<(?:([A-Z0-9_]+):)?([a-z]+)>$/.exec(part) ?? [];
      const value = kinds[kind];
      if (value === undefined) return escapeText(part, loose);
      if (name === undefined) return `(?:${value})`;
      names.push(name);
      return `(${value})`;
    })
    .join('');
}

function escapeText(text: string, loose: boolean): string {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return loose ? escaped.replace(/ {2,}/g, ' {2,}').replace(/={2,}/g, '={2,}') : escaped;
}
