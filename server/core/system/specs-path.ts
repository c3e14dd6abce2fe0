import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { rootNamespace } from '../namespaces/namespaces.ts';
import { openApiDocument } from '../openapi/document.ts';
import { documentedMount } from '../openapi/documented-mounts.ts';
import { type VisibleMountsParts, visibleMounts } from './visible-mounts.ts';

/** Appended to every id of an operation, of which there are many. */
const longestContext = 64;

/** `sys/internal/specs/openapi`, from the declarations of the mounts that the caller may know of. */
export function specsPath(parts: VisibleMountsParts, version: string): PathDeclaration {
  const handler = async (call: SpecsCall): Promise<Reply> => {
    const { generic_mount_paths: generic, context } = call.fields;
    const { visible } = await visibleMounts(parts, call);
    const documented = [];
    for (const { mount } of visible) {
      documented.push(
        await documentedMount(mount, {
          generic,
          isRoot: call.namespace.id === rootNamespace.id,
          pluginOf: ({ entry }) => parts.mounts.catalog.find(entry.table, entry.type),
        }),
      );
    }
    const document = openApiDocument(documented, { version, context: context.slice(0, longestContext) });
    return { raw: { contentType: 'application/json', body: JSON.stringify(document) } };
  };
  return definePath({
    pattern: 'internal/specs/openapi',
    access: 'anyone',
    shape: 'bare',
    fields: {
      generic_mount_paths: {
        type: 'bool',
        default: false,
        query: true,
        description:
          'Parameters in the place of the paths of mounts, for clients that work with mounts anywhere',
      },
      context: {
        type: 'string',
        default: '',
        query: true,
        description: 'Appended to every operationId',
      },
    },
    operations: {
      read: { summary: 'The OpenAPI document of this server', pure: true, handler },
      write: { summary: 'The same, with its parameters in the body', pure: true, handler },
    },
    help: {
      synopsis: 'An OpenAPI 3.0.2 document of the mounts that the caller may see.',
      description:
        'Made from the declarations that serve the requests. Without a token, only mounts whose listing_visibility is unauth are in it.',
    },
  });
}

type SpecsCall = Pick<Call<object>, 'namespace' | 'origin'> & {
  readonly fields: { readonly generic_mount_paths: boolean; readonly context: string };
};
