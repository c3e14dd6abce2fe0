import type { LogLevel } from '../../contracts/logger.ts';

/**
 * What the server was told, checked and with every default filled in. Made by `readConfiguration` from files,
 * or in code by the dev server and `coffer start`. Holds no key; the words of plug-ins' stanzas may hold
 * secrets (a KMS password), so a configuration is never logged.
 */
export interface Configuration {
  /** The files that it came from, in the order in which they were merged; empty when it was made in code. */
  readonly sources: readonly string[];
  readonly listeners: readonly ListenerConfiguration[];
  readonly storage: PluginStanza;
  /** The seal in force is the one that is not disabled; a disabled one is the seal migrated from. Empty: `shamir`. */
  readonly seals: readonly SealStanza[];
  readonly auditDevices: readonly AuditDeviceConfiguration[];
  /** Audit files may only be made below these folders; empty means anywhere but the program's own folders. */
  readonly auditFolders: readonly string[];
  /** Address for clients, as in `sys/leader` and redirections; undefined: taken from the first listener. */
  readonly apiAddress: string | undefined;
  readonly clusterAddress: string | undefined;
  readonly clusterName: string | undefined;
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  readonly log: LogConfiguration;
  readonly ui: boolean;
  readonly telemetry: TelemetryConfiguration;
  readonly pidFile: string | undefined;
  /** `sys/raw`; off unless asked for. */
  readonly rawStorageEndpoint: boolean;
  /** `sys/internal/inspect`; off unless asked for. */
  readonly introspectionEndpoint: boolean;
  readonly responseHeaderHostname: boolean;
  readonly responseHeaderRaftNodeId: boolean;
  /** Reads a record that an older store wrote in plaintext (MISSION K3); off unless asked for. */
  readonly acceptPlaintextRecords: boolean;
  /** Room for decrypted records in memory, in bytes. 0 turns the cache off (`disable_cache`). */
  readonly cacheBytes: number;
  /** Things the operator should know about the files: keys that mean nothing here, and what happens instead. */
  readonly warnings: readonly ConfigurationNotice[];
}

/** `storage "sqlite" { … }`: the words are checked by the plug-in, beyond those that the table of keys knows. */
export interface PluginStanza {
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface SealStanza extends PluginStanza {
  /** `disabled = true`: kept only to migrate away from. */
  readonly disabled: boolean;
}

/** `audit "file" "path" { … }`: enabled at start when there is none at that path; changed settings are an error. */
export interface AuditDeviceConfiguration {
  readonly type: string;
  /** Ends in `/`. */
  readonly path: string;
  readonly description: string;
  readonly local: boolean;
  readonly options: Readonly<Record<string, string>>;
}

export interface LogConfiguration {
  readonly level: LogLevel;
  readonly format: 'standard' | 'json';
  readonly file: string | undefined;
  /** 0: never. */
  readonly rotateBytes: number;
  /** 0: never. */
  readonly rotateSeconds: number;
  /** How many old files are kept; 0 keeps all. */
  readonly rotateMaxFiles: number;
}

export interface TelemetryConfiguration {
  readonly prometheusRetentionSeconds: number;
  readonly disableHostname: boolean;
  readonly metricsPrefix: string;
  readonly usageGaugePeriodSeconds: number;
  readonly maximumGaugeCardinality: number;
}

export type ListenerConfiguration = TcpListenerConfiguration | UnixListenerConfiguration;

export interface CommonListenerConfiguration {
  /** Larger bodies are answered 413 by the dialect that reads them. */
  readonly maxRequestBytes: number;
  /** A request that takes longer is cut off. 0: no limit. */
  readonly maxRequestSeconds: number;
  /** JSON nested deeper is refused by the dialect. */
  readonly maxRequestJsonDepth: number;
  readonly readTimeoutSeconds: number;
  readonly readHeaderTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  /** 0: no limit. */
  readonly writeTimeoutSeconds: number;
  /** `default`, `2xx` or `404` → header → values. The listener adds them; the more exact wins. */
  readonly responseHeaders: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly forwardedFor: ForwardedForConfiguration | undefined;
  /** `sys/metrics` without a token, on this listener. */
  readonly unauthenticatedMetricsAccess: boolean;
  readonly unauthenticatedInFlightAccess: boolean;
}

export interface TcpListenerConfiguration extends CommonListenerConfiguration {
  readonly kind: 'tcp';
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly clusterAddress: string | undefined;
  /** Undefined: `tls_disable`. */
  readonly tls: TlsConfiguration | undefined;
}

export interface UnixListenerConfiguration extends CommonListenerConfiguration {
  readonly kind: 'unix';
  readonly path: string;
  readonly mode: number;
  /** A name or a number; undefined leaves the process's own. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

export interface TlsConfiguration {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names, in order; empty: the defaults of the TLS library. */
  readonly cipherSuites: readonly string[];
  readonly clientCaFile: string | undefined;
  /** none: not asked for. ask: offered ones are passed on unverified (auth method `cert`). require: verified against the CA. */
  readonly clientCertificates: 'none' | 'ask' | 'require';
}

/** TLS 1.0 and 1.1 are read and refused (RFC 8996). */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** When `X-Forwarded-For` of a trusted proxy names the client, as in Vault. */
export interface ForwardedForConfiguration {
  /** Addresses or CIDR blocks of the proxies that are believed. */
  readonly authorizedAddresses: readonly string[];
  /** How many addresses at the end of the list are our own proxies. */
  readonly hopSkips: number;
  /** Refuse a request with the header whose peer is not authorised; otherwise the header is ignored. */
  readonly rejectNotAuthorized: boolean;
  /** Refuse a request of an authorised peer without the header. */
  readonly rejectNotPresent: boolean;
}

/** Something to say about a place in a configuration file. Never holds a value that may be secret. */
export interface ConfigurationNotice {
  readonly file: string;
  /** From 1; undefined when it concerns the file as a whole. */
  readonly line: number | undefined;
  readonly key: string | undefined;
  readonly message: string;
}
