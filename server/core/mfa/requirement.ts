/** What a login still needs: of each enforcement any one of its methods. */
export interface MfaRequirement {
  readonly requestId: string;
  /** By the name of the enforcement. */
  readonly constraints: ReadonlyMap<string, readonly MfaChoice[]>;
}

export interface MfaChoice {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly usesPasscode: boolean;
}
