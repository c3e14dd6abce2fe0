/** One request of an `examples.http` file and the answer it is known to get. */
export interface HttpExample {
  readonly title: string;
  /** Makes what others need, and is not printed. */
  readonly isSetup: boolean;
  readonly method: string;
  /** From `/v1/` on, with `{{name}}` for what an earlier answer held. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** `> name = data.key`: kept from the answer for later requests. */
  readonly saved: readonly { readonly name: string; readonly from: string }[];
  /** `> any data.key`: not compared, as it depends on more than the request. */
  readonly loose: readonly string[];
  /** Undefined until it is recorded. */
  readonly status: number | undefined;
  readonly answer: string | undefined;
  /** Everything but the answer, as written. */
  readonly source: string;
}

export interface ExampleFile {
  /** What stands before the first request: remarks, and lines `# server: uninitialised` or `# configuration: {…}`. */
  readonly head: string;
  readonly isUninitialised: boolean;
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly examples: readonly HttpExample[];
}

const answerLine = /^HTTP (\d{3})$/;

/**
 * Reads the format of `examples.http`: blocks that begin with `### title` (`### setup` is not printed), then `METHOD /v1/path`,
 * headers, an empty line, the body, lines with `>`, and `HTTP status` with the answer, which `WRITE_EXAMPLES=1` records.
 */
export function parseExamples(text: string): ExampleFile {
  const [head = '', ...blocks] = text.split(/^(?=### )/m);
  const configuration: unknown = JSON.parse(/^# configuration: (.+)$/m.exec(head)?.[1] ?? '{}');
  return {
    head,
    isUninitialised: /^# server: uninitialised$/m.test(head),
    configuration: typeof configuration === 'object' && configuration !== null ? { ...configuration } : {},
    examples: blocks.map(parseBlock),
  };
}

function parseBlock(block: string): HttpExample {
  const lines = block.trimEnd().split('\n');
  const answerAt = lines.findIndex((line) => answerLine.test(line));
  const asked = answerAt === -1 ? lines : lines.slice(0, answerAt);
  const title = (asked[0] ?? '').slice(4).trim();
  const [, method, target] = /^([A-Z]+) (\/v1\/\S+)$/.exec(asked[1] ?? '') ?? [];
  if (method === undefined || target === undefined) throw new Error(`no request below "### ${title}"`);
  const rest = asked.slice(2);
  const isHeader = (line: string) => /^[A-Za-z-]+: /.test(line);
  const headerCount = rest.findIndex((line) => !isHeader(line));
  const headerLines = headerCount === -1 ? rest : rest.slice(0, headerCount);
  const others = rest.slice(headerLines.length);
  const directives = others.filter((line) => line.startsWith('> ')).map((line) => line.slice(2));
  const body = others
    .filter((line) => !line.startsWith('> '))
    .join('\n')
    .trim();
  return {
    title,
    isSetup: title === 'setup',
    method,
    target,
    headers: Object.fromEntries(headerLines.map((line) => line.split(/: (.*)/s).slice(0, 2))),
    body: body === '' ? undefined : body,
    saved: directives.flatMap((line) => {
      const [, name, from] = /^(\w+) = (\S+)$/.exec(line) ?? [];
      return name !== undefined && from !== undefined ? [{ name, from }] : [];
    }),
    loose: directives.flatMap((line) => /^any (\S+)$/.exec(line)?.[1] ?? []),
    status: answerAt === -1 ? undefined : Number(answerLine.exec(lines[answerAt] ?? '')?.[1]),
    answer:
      answerAt === -1
        ? undefined
        : lines
            .slice(answerAt + 1)
            .join('\n')
            .trim(),
    source: asked.join('\n').trimEnd(),
  };
}

/** The file with these answers in place of its own. */
export function renderExamples(
  file: ExampleFile,
  answers: readonly { readonly status: number; readonly text: string }[],
): string {
  const blocks = file.examples.map(({ source, isSetup }, index) => {
    const { status, text } = answers[index] ?? { status: 0, text: '' };
    return `${source}\n\nHTTP ${status}\n${text === '' || isSetup ? '' : `${text}\n`}`;
  });
  return `${file.head}${blocks.join('\n')}`;
}
