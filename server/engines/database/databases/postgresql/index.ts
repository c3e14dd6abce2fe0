import type { DatabasePlugin } from '../../database-plugin.ts';
import { maskedUrl } from './connection-url.ts';
import { PostgresqlDatabase } from './postgresql-database.ts';
import { postgresqlDetails, readPostgresqlSettings } from './settings.ts';

/** PostgreSQL, and what speaks its protocol and has its roles. */
export const plugin: DatabasePlugin = {
  type: 'postgresql',
  description: 'PostgreSQL',
  pluginNames: ['postgresql-database-plugin'],
  credentialTypes: ['password'],
  details: postgresqlDetails,
  username: () => ({
    template:
      '{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}',
    maxBytes: 63,
  }),
  maskUrl: maskedUrl,
  open: (settings) => new PostgresqlDatabase(readPostgresqlSettings(settings)),
};
