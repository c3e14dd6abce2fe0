/** What the `token` auth method needs of core; filled in by core/tokens. */
export interface TokenService {
  readonly placeholder?: never;
}
