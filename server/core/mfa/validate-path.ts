import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import { credentialsOfPayload } from './credentials.ts';
import type { LoginMfa } from './login-mfa.ts';

/** `sys/mfa/validate`: the second half of a login. */
export function mfaValidatePath(
  mfa: LoginMfa,
  namespaceById: (id: string) => Promise<Namespace | undefined>,
): PathDeclaration {
  return definePath({
    pattern: 'mfa/validate',
    access: 'anyone',
    fields: {
      mfa_request_id: {
        type: 'string',
        description: 'What the login answered, at most five minutes ago',
        sensitive: true,
        default: '',
      },
      mfa_payload: {
        type: 'map',
        description: 'A list with a passcode by the id or name of each method',
        sensitive: true,
      },
    },
    help: {
      synopsis: 'Finish a login that needs a second factor.',
      description:
        'Answers as the login would have answered without one. A login is finished once, in its own namespace; after a wrong passcode it may be tried again.',
    },
    operations: {
      write: {
        summary: 'Give the second factor',
        examples: [
          {
            description: 'A passcode',
            data: {
              mfa_request_id: 'd0c9eec7-6921-8cc0-be62-202b289ef163',
              mfa_payload: { 'f1b2c3d4-0000-4000-8000-000000000000': ['123456'] },
            },
          },
        ],
        async handler({ fields, namespace }) {
          const { mfa_request_id: requestId, mfa_payload: payload } = fields;
          if (requestId === '') throw invalidRequest('missing request ID');
          if (!payload) throw invalidRequest('missing mfa payload');
          const where = await namespaceById(namespace.id);
          if (!where) throw invalidRequest('invalid request ID');
          const { issued, wrapTtlSeconds } = await mfa.finish(
            where,
            requestId,
            credentialsOfPayload(payload),
          );
          return { token: issued, ...(wrapTtlSeconds > 0 ? { wrapTtlSeconds } : {}) };
        },
      },
    },
  });
}
