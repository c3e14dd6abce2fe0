import { Failure } from '../../failure.ts';
import { renderYaml } from '../../output/yaml.ts';

type Variables = ReadonlyMap<string, string>;

const formats: Readonly<Record<string, (variables: Variables, name: string) => string>> = {
  dotenv: (variables) => lines(variables, (key, text) => `${key}=${dotenvValue(text)}`),
  shell: (variables) => lines(variables, (key, text) => `export ${key}='${text.replaceAll("'", `'\\''`)}'`),
  docker: (variables) => lines(variables, dockerLine),
  json: (variables) => `${JSON.stringify(Object.fromEntries(variables), null, 2)}\n`,
  yaml: (variables) => (variables.size === 0 ? '{}\n' : renderYaml(Object.fromEntries(variables))),
  'github-actions': githubActions,
  kubernetes: (variables, name) => renderYaml(kubernetesSecret(variables, name)),
};

/** The text of `variables` in one of the formats; throws `Failure` for an unknown one and for what it cannot hold. */
export function exported(format: string, variables: Variables, name: string): string {
  const render = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (!render)
    throw new Failure(1, `unknown format "${format}"`, `It is one of ${Object.keys(formats).join(', ')}.`);
  return render(variables, name);
}

function lines(variables: Variables, line: (key: string, text: string) => string): string {
  return [...variables].map(([key, text]) => `${line(key, text)}\n`).join('');
}

/** Single quotes keep everything but themselves; double quotes the rest, escaped as dotenv readers undo it. */
function dotenvValue(text: string): string {
  if (/^[A-Za-z0-9_./:@%+,=-]*$/.test(text)) return text;
  if (!/['\n\r]/.test(text)) return `'${text}'`;
  return `"${text
    .replace(/["\\$`]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')}"`;
}

/** `docker run --env-file` has no quoting at all. */
function dockerLine(key: string, text: string): string {
  if (/[\n\r]/.test(text))
    throw new Failure(
      1,
      `the value of ${key} has several lines, which docker's --env-file cannot hold`,
      'Give it as a file, or use `coffer run -- docker run -e`.',
    );
  return `${key}=${text}`;
}

/** Masks on standard output come first: the runner then hides the values wherever they appear. */
function githubActions(variables: Variables): string {
  const masks = [...variables.values()].flatMap((text) =>
    text.split('\n').filter((line) => line.trim() !== ''),
  );
  const entries = [...variables].map(([key, text]) => {
    let end = 'COFFER_END';
    while (text.includes(end)) end += '_';
    return `${key}<<${end}\n${text}\n${end}\n`;
  });
  return masks.map((line) => `::add-mask::${line.replaceAll('%', '%25')}\n`).join('') + entries.join('');
}

function kubernetesSecret(variables: Variables, name: string) {
  const data = [...variables].map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type: 'Opaque',
    data: Object.fromEntries(data),
  };
}
