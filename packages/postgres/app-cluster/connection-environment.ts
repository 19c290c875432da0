import { appDatabase, appRole } from "./app-role.ts";

/** Where an app's database listens. */
export interface AppDatabaseAddress {
  host: string;
  port: number;
  password: string;
}

/**
 * The variables that an app finds its database by: `DATABASE_URL` (Heroku, Prisma, Rails, Django), `DIRECT_URL` (Prisma,
 * Supabase), `PG*` (libpq and all clients built on it) and the `POSTGRES_*` of Vercel's database integrations.
 * https://www.postgresql.org/docs/18/libpq-envars.html, https://neon.com/docs/guides/vercel-managed-integration
 */
export function connectionEnvironment({ host, port, password }: AppDatabaseAddress): Record<string, string> {
  const url = `postgresql://${appRole}:${encodeURIComponent(password)}@${host}:${port}/${appDatabase}`;
  return {
    DATABASE_URL: url,
    DATABASE_URL_UNPOOLED: url,
    DIRECT_URL: url,
    POSTGRES_URL: url,
    POSTGRES_URL_NO_SSL: url,
    POSTGRES_URL_NON_POOLING: url,
    POSTGRES_PRISMA_URL: url,
    POSTGRES_HOST: host,
    POSTGRES_USER: appRole,
    POSTGRES_PASSWORD: password,
    POSTGRES_DATABASE: appDatabase,
    PGHOST: host,
    PGHOST_UNPOOLED: host,
    PGPORT: String(port),
    PGUSER: appRole,
    PGPASSWORD: password,
    PGDATABASE: appDatabase,
  };
}
