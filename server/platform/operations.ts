import { grantOperations } from './grants/grant-operations.ts';
import type { PlatformOperation } from './platform-operation.ts';
import { listOperation } from './secrets/list-operation.ts';
import { readOperations } from './secrets/read-operations.ts';
import { writeOperations } from './secrets/write-operations.ts';
import { workspaceOperations } from './workspaces/workspace-operations.ts';

/** Everything that `/api/v1` can do. */
export const platformOperations: readonly PlatformOperation[] = [
  ...workspaceOperations,
  listOperation,
  ...readOperations,
  ...writeOperations,
  ...grantOperations,
];
