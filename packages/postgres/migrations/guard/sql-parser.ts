export type SqlParser = Pick<typeof import("libpg-query"), "parseSync" | "hasSqlDetails">;

/** PostgreSQL's own parser. It is WebAssembly that keeps 9 MB once it is there, so processes load it when they first read SQL. */
export async function loadParser(): Promise<SqlParser> {
  const parser = await import("libpg-query");
  await parser.loadModule();
  return parser;
}
