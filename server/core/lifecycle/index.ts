export type { GenerateRootStatus } from './generate-root.ts';
export type { InitRequest, InitResult } from './initialise.ts';
export { Lifecycle, type LifecycleState, type SealStatus, type StartOutcome } from './lifecycle.ts';
export type { LifecycleHooks, LifecycleParts } from './parts.ts';
