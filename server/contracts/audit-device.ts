/**
 * A sink for audit lines. It is given whole lines that core has already encoded, with every secret hashed
 * under this device's salt; it only has to keep them.
 */
export interface AuditSink {
  /** Resolves when all of `lines` (one or more, each ending in a newline unless the format has none) are recorded; the bytes are then the caller's again. */
  append(lines: Uint8Array): Promise<void>;
  /** Closes and opens again, for log rotation (SIGHUP). */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** What every folder of `server/audit-devices/` exports as `plugin`. */
export interface AuditDevicePlugin {
  /** The folder's name: `file`, `syslog`, `socket` … */
  readonly type: string;
  /** The options of its own that it understands, for validation and docs; those common to all devices are core's. */
  readonly options: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
  /** Throws an `Error` whose message says what is wrong with `options`; must prove that it can record. */
  open(options: Readonly<Record<string, string>>, context: AuditSinkContext): Promise<AuditSink>;
}

export interface AuditSinkContext {
  readonly logger: import('./logger.ts').Logger;
  readonly clock: import('./clock.ts').Clock;
  /** Audit files are only ever made below these folders (`audit_folders`); empty means anywhere but the program's own folders. */
  readonly allowedFolders: readonly string[];
  /** Besides the program's own: the data folder, plug-in folders, the folder of the key file. */
  readonly forbiddenFolders?: readonly string[];
}
