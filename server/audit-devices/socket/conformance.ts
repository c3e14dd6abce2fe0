import type { OpenAuditSubject } from '../../contracts/conformance/audit-suite.ts';
import { StreamReceiver } from '../testing.ts';

/** A TCP receiver on loopback for the conformance suite. */
export const open: OpenAuditSubject = async () => {
  const receiver = await StreamReceiver.listen({ host: '127.0.0.1', port: 0 });
  return {
    options: { address: `127.0.0.1:${receiver.port}` },
    incomplete: { socket_type: 'tcp' },
    recorded: () => receiver.text(),
    dispose: () => receiver.close(),
  };
};
