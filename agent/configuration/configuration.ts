/** What an agent is told to do, checked: every duration is in seconds. */
export interface AgentConfiguration {
  readonly server: ServerSettings;
  readonly autoAuth: AutoAuthSettings | undefined;
  readonly templates: readonly TemplateSettings[];
  readonly templateConfig: TemplateConfig;
  readonly envTemplates: readonly EnvTemplateSettings[];
  readonly exec: ExecSettings | undefined;
  readonly listeners: readonly ListenerSettings[];
  readonly proxyToken: 'none' | 'auto' | 'force';
  readonly pidFile: string | undefined;
  readonly exitAfterAuth: boolean;
  readonly logLevel: string | undefined;
}

export interface ServerSettings {
  readonly address: string;
  readonly namespace: string;
  readonly caCert?: string | undefined;
  readonly caPath?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly tlsSkipVerify: boolean;
  /** How often a template's request is tried again before it counts as failed; -1 for never. */
  readonly retries: number;
}

export interface AutoAuthSettings {
  readonly method: MethodSettings;
  readonly sinks: readonly SinkSettings[];
}

export type MethodSettings = {
  /** Such as `auth/approle`; the login is posted to `login` below it. */
  readonly mountPath: string;
  readonly namespace: string | undefined;
  readonly minBackoffSeconds: number;
  readonly maxBackoffSeconds: number;
  readonly exitOnError: boolean;
} & (
  | { readonly type: 'token_file'; readonly tokenFile: string }
  | {
      readonly type: 'approle';
      readonly roleIdFile: string;
      readonly secretIdFile: string | undefined;
      readonly removesSecretId: boolean;
      /** The secret id's file holds a wrapping token, made at this path. */
      readonly wrappingPath: string | undefined;
    }
  | { readonly type: 'kubernetes'; readonly role: string; readonly tokenFile: string }
  | {
      readonly type: 'jwt';
      readonly role: string;
      readonly tokenFile: string;
      readonly removesToken: boolean;
    }
  | {
      readonly type: 'cert';
      readonly name: string | undefined;
      readonly caCert: string | undefined;
      readonly clientCert: string | undefined;
      readonly clientKey: string | undefined;
    }
);

export interface SinkSettings {
  readonly path: string;
  readonly mode: number;
  /** The sink gets a wrapped token that lives this long; undefined for the token itself. */
  readonly wrapTtlSeconds: number | undefined;
}

export interface CommandSettings {
  readonly command: readonly string[];
  readonly timeoutSeconds: number;
}

export interface TemplateText {
  /** Where it stands, for messages. */
  readonly name: string;
  readonly text: string;
  readonly leftDelimiter: string;
  readonly rightDelimiter: string;
  readonly missingKeyIsError: boolean;
}

export interface TemplateSettings extends TemplateText {
  readonly destination: string;
  readonly createsFolders: boolean;
  readonly mode: number | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly keepsBackup: boolean;
  readonly command: CommandSettings | undefined;
  readonly wait: WaitSettings | undefined;
}

/** After a change: so long without another, but no longer than `maxSeconds` in all. */
export interface WaitSettings {
  readonly minSeconds: number;
  readonly maxSeconds: number;
}

export interface EnvTemplateSettings extends TemplateText {
  readonly variable: string;
}

export interface TemplateConfig {
  readonly staticIntervalSeconds: number;
  readonly exitsOnRetryFailure: boolean;
}

export interface ExecSettings {
  readonly command: readonly string[];
  readonly restartsOnChange: boolean;
  readonly stopSignal: NodeJS.Signals;
  readonly killTimeoutSeconds: number;
}

export interface ListenerSettings {
  readonly type: 'tcp' | 'unix';
  /** `host:port`, or the socket's path. */
  readonly address: string;
  readonly socketMode: number;
  readonly requiresRequestHeader: boolean;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}
