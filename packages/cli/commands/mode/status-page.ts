import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";

/** What the public sees of how an app is. */
export function registerStatusPage(program: Command): void {
  const page = program
    .command("status-page")
    .summary("what the public sees of an app's state")
    .description(
      "An app is on the status page when its runbook tells people by a status page, or when you say so. Edges serve it at status.<domain>, whether the control plane lives or not.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel status-page show shop
  evenkeel status-page set shop --public --title "The Shop"
  evenkeel status-page plan shop "Database upgrade" --from 2027-01-31T02:00Z --for 1h`,
    );
  page
    .command("show")
    .summary("see where it is, and what is planned")
    .description("Shows the address of an app's status page and its scheduled maintenance.")
    .argument("<app>", "name of the app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel status-page show shop")
    .action(async (app: string, { json }: { json?: boolean }) => {
      const seen = await withControl((client) => client.getStatusPage({ app: parseAppName(app) }));
      if (json) return void console.log(JSON.stringify(seen));
      const { url, isPublic, maintenances } = seen;
      const who = isPublic === null ? "as the runbook has it" : isPublic ? "public" : "not public";
      console.log(`${url} (${who})`);
      if (maintenances.length > 0) {
        console.log(
          formatTable(
            ["id", "from", "to", "title"],
            maintenances.map(({ id, startsAtMs, endsAtMs, title }) => [
              ...[String(id), new Date(startsAtMs).toISOString(), new Date(endsAtMs).toISOString(), title],
            ]),
          ),
        );
      }
    });
  page
    .command("set")
    .summary("put an app on it, or take it off")
    .description("Says whether an app is on the status page, and under which name.")
    .argument("<app>", "name of the app")
    .option("--public", "on it")
    .option("--private", "not on it")
    .option("--title <text>", "its name for the public")
    .option("--json", "print as JSON")
    .addHelpText("after", '\nExample:\n  evenkeel status-page set shop --public --title "The Shop"')
    .action(
      async (
        app: string,
        options: { public?: boolean; private?: boolean; title?: string; json?: boolean },
      ) => {
        if (options.public && options.private) throw new UsageError("Say --public or --private, not both");
        const isPublic = options.public ? true : options.private ? false : undefined;
        await withControl((client) =>
          client.setStatusPage({
            app: parseAppName(app),
            ...(isPublic !== undefined && { isPublic }),
            ...(options.title !== undefined && { title: options.title }),
          }),
        );
        console.log(options.json ? JSON.stringify({ set: true }) : `The status page of ${app} is set.`);
      },
    );
  page
    .command("plan")
    .summary("announce maintenance")
    .description("Announces maintenance on the status page. To begin it: evenkeel mode set APP maintenance.")
    .argument("<app>", "name of the app")
    .argument("<title>", "what is done")
    .requiredOption("--from <time>", "when it begins, with its zone: 2027-01-31T02:00Z")
    .requiredOption("--for <duration>", "how long it lasts: 1h")
    .option("-m, --message <text>", "more of it")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nExample:\n  evenkeel status-page plan shop "Database upgrade" --from 2027-01-31T02:00Z --for 1h',
    )
    .action(
      async (
        app: string,
        title: string,
        options: { from: string; for: string; message?: string; json?: boolean },
      ) => {
        const startsAtMs = Date.parse(options.from);
        if (Number.isNaN(startsAtMs) || !/(?:Z|[+-]\d\d:?\d\d)$/.test(options.from))
          throw new UsageError("--from takes a time with its zone: 2027-01-31T02:00Z");
        const planned = await withControl((client) =>
          client.addMaintenance({
            ...{
              app: parseAppName(app),
              title,
              startsAtMs,
              endsAtMs: startsAtMs + parseDurationMs(options.for),
            },
            ...(options.message !== undefined && { description: options.message }),
          }),
        );
        console.log(options.json ? JSON.stringify(planned) : `Maintenance ${planned.id} is announced.`);
      },
    );
  page
    .command("cancel")
    .summary("take announced maintenance back")
    .description("Takes announced maintenance off the status page.")
    .argument("<app>", "name of the app")
    .argument("<id>", "its number")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel status-page cancel shop 3")
    .action(async (app: string, id: string, { json }: { json?: boolean }) => {
      const maintenance = String(wholeNumber("<id>", id, 1, 1_000_000_000));
      await withControl((client) => client.cancelMaintenance({ app: parseAppName(app), maintenance }));
      console.log(json ? JSON.stringify({ cancelled: true }) : `Maintenance ${id} is cancelled.`);
    });
}
