export { Barrier, type BarrierOptions, type KeyStatus } from './barrier.ts';
export { type RotationConfig, WrongRootKey } from './keyring.ts';
export { rootNamespaceId } from './namespace-keys.ts';
export type { PlainChange, PlainRecord, PlainRecords } from './plain-records.ts';
export type { ChangeListener } from './record-store.ts';
export type { ReencryptOptions, ReencryptProgress } from './reencrypt.ts';
