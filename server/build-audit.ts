import type { CoreParts } from './build-core.ts';
import type { Records } from './contracts/records.ts';
import { AuditBroker } from './core/audit/audit-broker.ts';
import { AuditDevices } from './core/audit/audit-devices.ts';
import { rootNamespace } from './core/namespaces/namespaces.ts';

/** The table of audit devices, and who writes to them. */
export function buildAudit(parts: CoreParts, recordsOf: (namespaceId: string, prefix: string) => Records) {
  const { clock, configuration } = parts;
  const logger = parts.logger.named('audit');
  const audit = new AuditBroker({ clock, logger });
  const auditTable = new AuditDevices({
    broker: audit,
    plugins: parts.auditDevices,
    records: recordsOf(rootNamespace.id, 'sys/audit/'),
    sinkContext: {
      logger,
      clock,
      allowedFolders: configuration.auditFolders,
      forbiddenFolders: parts.programFolders,
    },
    clock,
    logger,
  });
  return { audit, auditTable };
}
