import { readFileSync } from "node:fs";
import type { ControlClient, DrainView } from "@evenkeel/control";
import { logLevels } from "@evenkeel/logs";
import { parseAppName } from "@evenkeel/model";
import { type Command, Option } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { allEnvironments, readEnvironment } from "../../platform/environment-option.ts";

interface AddOptions {
  otlp?: boolean;
  header?: string[];
  ca?: string;
  env?: string;
  level?: DrainView["level"];
  json?: boolean;
}

export function registerDrains(program: Command): void {
  const drains = program
    .command("drains")
    .summary("send an app's log on to other systems")
    .description(
      "Sends lines on, redacted as they are kept: each at least once, also over restarts of either side.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel drains add shop https://logs.example.com/in --header 'Authorization: Bearer abc'\n  evenkeel drains add shop syslogs://logs.example.com:6514 --level warn\n  evenkeel drains ls shop",
    );
  drains
    .command("add")
    .summary("send what comes from now on to an address")
    .description(
      "The address says how: https:// takes newline-delimited JSON, with --otlp OTLP; syslog:// is RFC 5424 over TCP, syslogs:// over TLS.",
    )
    .argument("<app>", "name of the app")
    .argument("<url>", "where to")
    .option("--otlp", "OTLP/HTTP: lines go to <url>/v1/logs")
    .option(
      "--header <name: value>",
      "of every request; may be repeated",
      (value: string, before: string[] = []) => [...before, value],
    )
    .option("--ca <file>", "PEM of the authority of its certificate, in place of the system's")
    .option("--env <environment>", "only lines of this environment")
    .addOption(new Option("--level <level>", "only this severity and above").choices(logLevels))
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  evenkeel drains add shop https://otlp.example.com --otlp --env production",
    )
    .action(async (app: string, url: string, options: AddOptions) => {
      const wish = {
        ...{
          app: parseAppName(app),
          url,
          kind: kindOf(url, options),
          headers: readHeaders(options.header ?? []),
        },
        ...(options.ca !== undefined && { ca: readFileSync(options.ca, "utf8") }),
        ...(options.env !== undefined && {
          environment: readEnvironment(options.env, allEnvironments, "environment"),
        }),
        ...(options.level !== undefined && { level: options.level }),
      } as Parameters<ControlClient["addDrain"]>[0];
      const drain = await withControl((client) => client.addDrain(wish));
      console.log(
        options.json ? JSON.stringify(drain) : `Drain ${drain.id} sends to ${drain.to} from now on`,
      );
    });
  drains
    .command("ls")
    .summary("list an app's drains and how they do")
    .argument("<app>", "name of the app")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel drains ls shop")
    .action(async (app: string, options: { json?: boolean }) => {
      const list = await withControl((client) => client.listDrains({ app: parseAppName(app) }));
      console.log(options.json ? JSON.stringify(list) : describe(list.drains));
    });
  drains
    .command("rm")
    .summary("stop sending")
    .argument("<app>", "name of the app")
    .argument("<id>", "of the drain; see `evenkeel drains ls`")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel drains rm shop k3x9abcd")
    .action(async (app: string, drain: string, options: { json?: boolean }) => {
      const removed = await withControl((client) => client.removeDrain({ app: parseAppName(app), drain }));
      console.log(options.json ? JSON.stringify(removed) : `Drain ${drain} is gone`);
    });
  drains
    .command("test")
    .summary("send one line, and say what became of it")
    .argument("<app>", "name of the app")
    .argument("<id>", "of the drain; see `evenkeel drains ls`")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel drains test shop k3x9abcd")
    .action(async (app: string, drain: string, options: { json?: boolean }) => {
      const tested = await withControl((client) => client.testDrain({ app: parseAppName(app), drain }));
      console.log(options.json ? JSON.stringify(tested) : "A line was delivered");
    });
}

function kindOf(url: string, { otlp }: AddOptions): DrainView["kind"] {
  if (/^syslogs?:/.test(url)) return "syslog";
  return otlp ? "otlp" : "http";
}

export function readHeaders(headers: string[]): Record<string, string> {
  return Object.fromEntries(
    headers.map((header) => {
      const colon = header.indexOf(":");
      if (colon < 1) throw new UsageError("--header has no name and value", { hint: "Write 'NAME: VALUE'." });
      return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()];
    }),
  );
}

function describe(drains: DrainView[]): string {
  if (drains.length === 0) return "No drains";
  const rows = drains.map((drain) => [
    ...[drain.id, drain.kind, drain.to, drain.environment ?? "all", drain.level ?? "all"],
    String(drain.deliveredLines),
    drain.deliveredAtMs === undefined ? "never" : formatAge(drain.deliveredAtMs),
    drain.failure ? `failing since ${formatAge(drain.failure.sinceMs)}: ${drain.failure.message}` : "well",
  ]);
  return formatTable(["id", "kind", "to", "environment", "level", "delivered", "last", "state"], rows);
}
