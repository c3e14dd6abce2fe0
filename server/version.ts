/** Coffer's own version, as in package.json (a test compares them). */
export const version = '0.1.0';

/** What Vault's clients read as the server's version: they parse it, and gate features by it. */
export const vaultVersion = '1.20.0';
