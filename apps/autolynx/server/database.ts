import postgres from "postgres";
import { environment } from "./environment.ts";

export type Sql = postgres.Sql;
/** A transaction that sees one organisation's data, or the directory. */
export type Scoped = postgres.TransactionSql;

let connected: Sql | undefined;
let guarded: Promise<void> | undefined;

/** The pool of this instance. Small: a serverless host runs many instances, and the database has few connections. */
function database(): Sql {
  connected ??= postgres(environment().DATABASE_URL, {
    max: Number(process.env["DATABASE_CONNECTIONS"] ?? 5),
    idle_timeout: 20,
    connect_timeout: 10,
    // A pooler between here and the server (Neon, Supabase) may give each transaction to another connection, which knows no statement of before.
    prepare: environment().DIRECT_URL === undefined,
    onnotice: () => {},
    // Microdollars and counts: far below 2^53.
    types: {
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
      // Days and local times stay what they are: text. As a Date they would be moved by the machine's zone.
      date: { to: 1082, from: [1082], serialize: String, parse: (day: string) => day },
    },
  }) as unknown as Sql;
  return connected;
}

/** Row-level security is worth nothing to a role that bypasses it: such a role is refused, once per instance. */
async function guard(sql: Sql): Promise<void> {
  const [role] = await sql<{ bypasses: boolean }[]>`
    SELECT rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user`;
  if (role!.bypasses) {
    throw new Error(
      "The role of DATABASE_URL bypasses row-level security. Give the app a role of its own: CREATE ROLE autolynx LOGIN PASSWORD '…'",
    );
  }
}

async function scoped<Result>(
  organisation: string,
  scope: string,
  work: (tx: Scoped) => Promise<Result>,
): Promise<Result> {
  const sql = database();
  guarded ??= guard(sql).catch((error) => {
    guarded = undefined;
    throw error;
  });
  await guarded;
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(sql, organisation, scope, work);
    } catch (error) {
      // Two that waited for each other: PostgreSQL has undone one of them, which can do it again.
      if ((error as { code?: string }).code !== "40P01" || attempt === 3) throw error;
    }
  }
}

async function once<Result>(
  sql: Sql,
  organisation: string,
  scope: string,
  work: (tx: Scoped) => Promise<Result>,
): Promise<Result> {
  return (await sql.begin(async (tx) => {
    // Sent together with the first statement of the work, and carried out before it.
    const setting =
      tx`SELECT set_config('autolynx.organisation', ${organisation}, true), set_config('autolynx.scope', ${scope}, true)`.execute();
    const [, result] = await Promise.all([setting, work(tx)]);
    return result;
  })) as Result;
}

/** A transaction in which the database shows and takes nothing but this organisation's rows. */
export const within = <Result>(
  organisation: string,
  work: (tx: Scoped) => Promise<Result>,
): Promise<Result> => scoped(organisation, "", work);

/** A transaction about who people are and which organisations there are; it sees no campaign, contact or call. */
export const inDirectory = <Result>(work: (tx: Scoped) => Promise<Result>): Promise<Result> =>
  scoped("", "directory", work);

/** A connection of its own, for LISTEN. */
export function listener(): Sql {
  return postgres(environment().DIRECT_URL ?? environment().DATABASE_URL, {
    max: 1,
    prepare: false,
    onnotice: () => {},
  });
}

export async function closeDatabase(): Promise<void> {
  await connected?.end({ timeout: 5 });
  connected = undefined;
  guarded = undefined;
}
