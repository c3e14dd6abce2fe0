export type { LifecycleState, StartOutcome } from './auto-unseal.ts';
export type { GenerateRootStatus } from './generate-root.ts';
export type { InitRequest, InitResult } from './initialise.ts';
export { Lifecycle } from './lifecycle.ts';
export type { LifecycleHooks, LifecycleParts } from './parts.ts';
export type { SealStatus } from './seal-status.ts';
