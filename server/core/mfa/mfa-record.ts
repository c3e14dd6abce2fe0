import type { JsonObject } from '../../contracts/request.ts';
import type { TimedCodeForm } from '../../crypto/totp.ts';

/** What this server knows of; all but `totp` are kept and cannot be checked. */
export type MethodType = 'totp' | 'duo' | 'okta' | 'pingid';

/** A second factor as somebody configured it. */
export type MethodRecord = TotpMethodRecord | RemoteMethodRecord;

interface MethodHead {
  readonly id: string;
  /** Empty, or unique in its namespace. */
  readonly name: string;
}

export interface TotpMethodRecord extends MethodHead {
  readonly type: 'totp';
  readonly settings: TotpSettings;
}

export interface RemoteMethodRecord extends MethodHead {
  readonly type: Exclude<MethodType, 'totp'>;
  /** As given, with its secrets. */
  readonly settings: JsonObject;
}

export interface TotpSettings extends TimedCodeForm {
  readonly issuer: string;
  readonly keySize: number;
  /** Pixels; 0 for no picture. */
  readonly qrSize: number;
  /** Wrong codes in a row before an entity has to wait. */
  readonly maxValidationAttempts: number;
}

/** Whose logins need one of the methods. Any of the four lists makes it apply. */
export interface EnforcementRecord {
  readonly id: string;
  readonly name: string;
  readonly mfaMethodIds: readonly string[];
  readonly authMethodAccessors: readonly string[];
  readonly authMethodTypes: readonly string[];
  readonly identityGroupIds: readonly string[];
  readonly identityEntityIds: readonly string[];
}

/** Everything configured in one namespace, in one record: `config`. */
export interface MfaConfig {
  readonly methods: readonly MethodRecord[];
  readonly enforcements: readonly EnforcementRecord[];
}

export const emptyConfig: MfaConfig = Object.freeze({ methods: [], enforcements: [] });
