/** What programs that change a schema are called, in the languages whose apps have Procfiles. */
const migrationWords =
  /migrat|\bdb[: ](?:push|setup|reset|seed|upgrade)\b|\b(?:schema|structure):(?:load|update|sync)|\bdrizzle-kit\s+push|\balembic\s+upgrade|\bdbmate\s+up|\bgoose\b.*\bup\b|\bliquibase\s+update|\bpsql\b/i;
/** `npm run release`, `yarn release`, `bun run release` */
const script = /\b(?:npm|pnpm|yarn|bun)\s+(?:run(?:-script)?\s+)?(?:-\S+\s+)*([\w:.-]+)/g;
/** Scripts that run scripts. */
const deepest = 5;

/**
 * Whether a release command looks like one that migrates a database, by its own words or those of the scripts of `package.json` that it runs. Pure.
 */
export function looksLikeMigration(
  command: string,
  scripts: Record<string, string> = {},
  depth = 0,
): boolean {
  if (migrationWords.test(command)) return true;
  if (depth >= deepest) return false;
  return [...command.matchAll(script)].some(([, name]) => {
    const text = Object.hasOwn(scripts, name!) ? scripts[name!] : undefined;
    return text !== undefined && looksLikeMigration(text, scripts, depth + 1);
  });
}
