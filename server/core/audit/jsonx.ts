import { isRawNumber, parseJson } from '../../../formats/json/index.ts';

const opening =
  '<json:object xsi:schemaLocation="http://www.datapower.com/schemas/json jsonx.xsd"' +
  ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:json="http://www.ibm.com/xmlns/prod/2009/jsonx">';

/** One audit entry in JSONx (IBM's XML form of JSON), on one line, keys sorted. */
export function jsonxOf(jsonEntry: string): string {
  const entry = parseJson(jsonEntry, { maxDepth: 1000 });
  return `${opening}${members(entry)}</json:object>`;
}

function members(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => element(member, ` name="${escaped(name)}"`))
    .join('');
}

function element(value: unknown, name: string): string {
  if (value === null) return `<json:null${name}></json:null>`;
  if (typeof value === 'string') return `<json:string${name}>${escaped(value)}</json:string>`;
  if (typeof value === 'boolean') return `<json:boolean${name}>${value}</json:boolean>`;
  if (isRawNumber(value)) return `<json:number${name}>${value.rawJSON}</json:number>`;
  if (Array.isArray(value)) {
    return `<json:array${name}>${value.map((item) => element(item, '')).join('')}</json:array>`;
  }
  if (typeof value === 'object') return `<json:object${name}>${members(value)}</json:object>`;
  return `<json:number${name}>${String(value)}</json:number>`;
}

/** XML text: markup, line ends and what a shell would expand as references; what XML cannot hold, replaced. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[<>&"'$`#\t\n\r\u007f-\u009f\u2028\u2029]/g, (character) => `&#${character.charCodeAt(0)};`);
}
