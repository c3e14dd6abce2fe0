import { compactJson } from './mask-answer.ts';
import type { HttpExample } from './parse-examples.ts';

/** The request as a `curl` command and its answer, in Markdown. What earlier answers held stands as `$NAME`. */
export function printExample(example: HttpExample): string {
  const answer = example.answer ? `\n\n\`\`\`json\n${example.answer}\n\`\`\`` : '';
  const what = example.answer ? '' : ', without a body';
  return `\`\`\`sh\n${curl(example)}\n\`\`\`\n\nAnswered with ${example.status}${what}${example.answer ? ':' : '.'}${answer}\n`;
}

function curl({ method, target, headers, body }: HttpExample): string {
  const { 'X-Vault-Token': given = '', ...others } = headers;
  const token = given === '' || given === '{{root_token}}' ? '$COFFER_TOKEN' : variables(given);
  const sent = [
    ...(given === 'none' ? [] : [`-H "X-Vault-Token: ${token}"`]),
    ...Object.entries(others).map(([name, value]) => `-H "${name}: ${variables(value)}"`),
    ...(body === undefined ? [] : [data(body)]),
  ];
  const verb = method === 'GET' ? '' : `-X ${method} `;
  return [`curl ${verb}"$COFFER_ADDR${variables(target)}"`, ...sent].join(' \\\n  ');
}

function data(body: string): string {
  const text = pretty(body);
  if (!text.includes('{{')) return `-d '${text.replaceAll("'", "'\\''")}'`;
  return `-d @- <<EOF\n${variables(text.replace(/[\\$`]/g, '\\$&'))}\nEOF`;
}

function pretty(body: string): string {
  try {
    return compactJson(JSON.parse(body));
  } catch {
    return body;
  }
}

const variables = (text: string): string =>
  text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => `$${name.toUpperCase()}`);
