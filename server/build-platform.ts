import type { Clock } from './contracts/clock.ts';
import type { Logger } from './contracts/logger.ts';
import type { PathDeclaration } from './contracts/paths.ts';
import { allowsToo } from './core/identity/index.ts';
import type { Mounts } from './core/mounts/mounts.ts';
import type { Namespaces } from './core/namespaces/namespaces.ts';
import type { Pipeline } from './core/pipeline/pipeline.ts';
import type { Access } from './core/policies/access.ts';
import type { PolicyStore } from './core/policies/policy-store.ts';
import type { RecordsOf } from './core/tokens/system-change.ts';
import type { TokenStore } from './core/tokens/token-store.ts';
import {
  Grants,
  grantPaths,
  Members,
  memberPaths,
  Requests,
  RoleGroups,
  Workspaces,
  workspacePaths,
} from './platform/index.ts';

export interface PlatformRooms {
  readonly recordsOf: RecordsOf;
  readonly namespaces: Namespaces;
  readonly policies: PolicyStore;
  readonly tokenStore: TokenStore;
  readonly access: Access;
  /** Once they are there. */
  readonly later: () => { readonly mounts: Mounts; readonly pipeline: Pipeline };
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface BuiltPlatform {
  /** Of `sys/` in the root namespace. */
  readonly paths: readonly PathDeclaration[];
  readonly requests: Requests;
  readonly workspaces: Workspaces;
}

/** Workspaces, roles and what speaks to the pipeline in the name of the platform API's clients. */
export function buildPlatform(rooms: PlatformRooms): BuiltPlatform {
  const { recordsOf, namespaces, policies, clock } = rooms;
  const mounts = () => rooms.later().mounts;
  const groups = new RoleGroups(recordsOf, () => clock.now());
  const requests = new Requests(
    () => rooms.later().pipeline,
    () => clock.now(),
  );
  const logger = rooms.logger.named('platform');
  const grants = new Grants({ recordsOf, policies, groups, clock });
  const workspaces = new Workspaces({ namespaces, mounts, policies, groups, grants, clock, logger });
  const members = new Members({ groups, mounts, requests, clock });
  const parts = { workspaces, members, mayAlso: allowsToo(rooms.tokenStore, rooms.access) };
  return {
    paths: [...workspacePaths(parts), ...memberPaths(parts), ...grantPaths({ ...parts, grants })],
    requests,
    workspaces,
  };
}
