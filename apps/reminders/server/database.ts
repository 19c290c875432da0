import postgres from "postgres";
import { environment } from "./environment.ts";

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;
/** What runs alone as well as in a transaction. */
export type Queries = Sql | Transaction;

let connected: Sql | undefined;

/** The pool of this instance. Small: a serverless host runs many instances, and the database has few connections. */
export function database(): Sql {
  connected ??= postgres(environment().DATABASE_URL, {
    max: 4,
    idle_timeout: 20,
    connect_timeout: 10,
    // A pooler between here and the server (Neon, Supabase) gives each statement to another connection.
    prepare: false,
    onnotice: () => {},
    types: {
      // Days and local times stay what they are: text. As a Date they would be moved by the machine's zone.
      date: { to: 1082, from: [1082], serialize: (day: string) => day, parse: (day: string) => day },
      time: {
        to: 1083,
        from: [1083],
        serialize: (time: string) => time,
        parse: (time: string) => time.slice(0, 5),
      },
    },
  }) as unknown as Sql;
  return connected;
}

export async function closeDatabase(): Promise<void> {
  await connected?.end({ timeout: 5 });
  connected = undefined;
}
