import { ApiError } from '../sdk/api-error.ts';

/** What ends the agent; the message is for its user. */
export class AgentFailure extends Error {
  override readonly name = 'AgentFailure';
}

/** An error in one sentence: of the server's, its status and words. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError) return `${error.status}: ${error.errors.join('; ') || 'no reason given'}`;
  return error instanceof Error ? error.message : 'unknown error';
}

export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiError ? error.status : undefined;
}
