import type { Reply } from '../../contracts/request.ts';
import type { Exchange } from '../pipeline/exchange.ts';

/** `path-help` in Vault's shape: text for people, from the declaration of the path (or all paths of a mount). */
export function pathHelp(exchange: Exchange): Reply | undefined {
  const { target, mount } = exchange;
  const declarations = mount?.engine?.paths ?? (target ? [target.declaration] : []);
  const chosen = target && exchange.mountPath !== '' ? [target.declaration] : declarations;
  const lines: string[] = [];
  if (target && exchange.mountPath !== '') {
    const { declaration } = target;
    lines.push(
      `Request:        ${exchange.mountPath}`,
      `Matching Route: ^${declaration.pattern}$`,
      '',
      declaration.help.synopsis,
      '',
    );
    const fields = Object.entries(declaration.fields);
    if (fields.length > 0) lines.push('## PARAMETERS', '');
    for (const [name, field] of fields)
      lines.push(`    ${name} (${field.type})`, `        ${field.description}`, '');
    lines.push('## DESCRIPTION', '', declaration.help.description);
  } else {
    lines.push(`## ${mount?.fullPath ?? 'sys/'}`, '', 'The following paths are supported:', '');
    for (const declaration of declarations)
      lines.push(`    ^${declaration.pattern}$`, `        ${declaration.help.synopsis}`, '');
  }
  const paths: Record<string, unknown> = {};
  for (const declaration of chosen) {
    const route = `/${declaration.pattern.replace(/\{([a-z_]+)\??\.\.\.\}/g, '{$1}')}`;
    paths[route] = { description: declaration.help.synopsis };
  }
  return {
    data: {
      help: lines.join('\n'),
      see_also: null,
      openapi: { openapi: '3.0.2', info: { title: 'Coffer API', version: '1' }, paths, components: {} },
    },
  };
}
