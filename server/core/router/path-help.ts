import type { PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { type DocumentOptions, openApiDocument } from '../openapi/document.ts';
import { tagOf } from '../openapi/documented-mounts.ts';
import type { Exchange } from '../pipeline/exchange.ts';

const about: DocumentOptions = { version: '1' };

/** `?help=1` in Vault's shape: text for people and OpenAPI, from the declaration of the path (or all of a mount). */
export function pathHelp(exchange: Exchange): Reply {
  const { target, mount, mountPath } = exchange;
  const isOne = target !== undefined && mountPath !== '';
  const declarations = isOne ? [target.declaration] : (mount?.engine?.paths ?? []);
  const help = isOne
    ? helpOfPath(target.declaration, mountPath)
    : helpOfMount(mount?.fullPath ?? 'sys/', declarations);
  const prefix = mount?.fullPath ?? 'sys/';
  const openapi = openApiDocument(
    [{ path: '', prefix, declarations, tag: mount ? tagOf(mount) : 'system' }],
    about,
  );
  return { data: { help, see_also: null, openapi } };
}

function helpOfPath({ pattern, help, fields }: PathDeclaration, path: string): string {
  const lines = [`Request:        ${path}`, `Matching Route: ^${pattern}$`, '', help.synopsis, ''];
  const named = Object.entries(fields);
  if (named.length > 0) lines.push('## PARAMETERS', '');
  for (const [name, { type, description }] of named)
    lines.push(`    ${name} (${type})`, `        ${description}`, '');
  lines.push('## DESCRIPTION', '', help.description);
  return lines.join('\n');
}

function helpOfMount(path: string, declarations: readonly PathDeclaration[]): string {
  const lines = [`## ${path}`, '', 'The following paths are supported:', ''];
  for (const { pattern, help } of declarations)
    lines.push(`    ^${pattern}$`, `        ${help.synopsis}`, '');
  return lines.join('\n');
}
