import type { OpenAuditSubject } from '../../contracts/conformance/audit-suite.ts';
import { StreamReceiver } from '../testing.ts';
import { entriesOf } from './testing.ts';

/** A receiver on loopback that counts octets, for the conformance suite. */
export const open: OpenAuditSubject = async () => {
  const receiver = await StreamReceiver.listen({ host: '127.0.0.1', port: 0 });
  return {
    options: { address: `127.0.0.1:${receiver.port}` },
    incomplete: {},
    recorded: async () => entriesOf(await receiver.received()),
    dispose: () => receiver.close(),
  };
};
