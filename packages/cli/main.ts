import { Command, CommanderError } from "commander";
import { registerDb } from "./commands/db/db.ts";
import { registerDeploy } from "./commands/deploy.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerDown } from "./commands/down.ts";
import { registerInspect } from "./commands/inspect.ts";
import { registerList } from "./commands/list.ts";
import { registerLogs } from "./commands/logs.ts";
import { registerPromote } from "./commands/promote.ts";
import { registerRemove } from "./commands/remove.ts";
import { registerRestart } from "./commands/restart.ts";
import { registerRollback } from "./commands/rollback.ts";
import { registerStatus } from "./commands/status.ts";
import { registerUp } from "./commands/up.ts";
import { exitCodeOf, reportFailure } from "./output/failure.ts";

const program = new Command("evenkeel")
  .description("Runs apps written for Vercel on your own machine: deploy, serve, promote, roll back.")
  .version("0.1.0")
  .showHelpAfterError("(--help shows what a command takes)")
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })
  .addHelpText(
    "after",
    `
Examples:
  evenkeel up --detach
  evenkeel deploy ./shop --prod
  evenkeel rollback shop

Exit codes: 0 done, 1 failed, 2 wrong words, 69 the platform is not running.
EVENKEEL_HOME names the data directory (default ~/.evenkeel; for root /var/lib/evenkeel).`,
  );

for (const register of [
  registerUp,
  registerDown,
  registerStatus,
  registerDoctor,
  registerRestart,
  registerDeploy,
  registerList,
  registerInspect,
  registerPromote,
  registerRollback,
  registerLogs,
  registerDb,
  registerRemove,
]) {
  register(program);
}
for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
  command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    reportFailure(error, process.argv.includes("--json"));
    process.exitCode = exitCodeOf(error);
  }
}
