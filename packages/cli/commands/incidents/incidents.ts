import { writeFileSync } from "node:fs";
import type { ControlClient, Incident } from "@evenkeel/control";
import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";
import { describeIncident, incidentTable, summarizeIncident } from "./describe-incident.ts";

/** What is wrong, or was, and what people do about it. */
export function registerIncidents(program: Command): void {
  const incidents = program
    .command("incidents")
    .summary("see and handle what is wrong")
    .description(
      "An outage is one incident, however many breaches it has. Incidents open by themselves, page who is on call until somebody acknowledges, and resolve once nothing is wrong any more; people can do all of that, too.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel incidents list
  evenkeel incidents ack 7
  evenkeel incidents update 7 --phase identified -m "A release broke the checkout"
  evenkeel incidents report 7 --output incident-7.md`,
    );
  registerList(incidents);
  registerShow(incidents);
  registerOpen(incidents);
  registerUpdate(incidents);
  registerReport(incidents);
  act(incidents, "ack", "see to it: nobody else is called", (client, given) =>
    client.acknowledgeIncident(given),
  );
  act(incidents, "resolve", "say that it is over", (client, given) => client.resolveIncident(given));
}

function registerList(incidents: Command): void {
  incidents
    .command("list")
    .summary("show those that are not resolved")
    .description("Shows incidents, newest first.")
    .option("--app <app>", "of one app")
    .option("--all", "resolved ones, too")
    .option("--limit <count>", "so many", "50")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel incidents list --app shop --all")
    .action(async (options: { app?: string; all?: boolean; limit: string; json?: boolean }) => {
      const { incidents: found } = await withControl((client) =>
        client.listIncidents({
          ...(options.app !== undefined && { app: parseAppName(options.app) }),
          state: options.all ? "all" : "unresolved",
          limit: wholeNumber("--limit", options.limit, 1, 500),
        }),
      );
      if (options.json) console.log(JSON.stringify({ incidents: found }));
      else if (found.length === 0)
        console.log(options.all ? "There was no incident." : "Nothing is wrong. `--all` shows what was.");
      else console.log(incidentTable(found));
    });
}

function registerShow(incidents: Command): void {
  incidents
    .command("show")
    .summary("show one with its causes and timeline")
    .description("Shows one incident: causes, who was told, what was done.")
    .argument("<id>", "its number")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel incidents show 7")
    .action(async (id: string, options: { json?: boolean }) => {
      const incident = await withControl((client) => client.getIncident({ incident: readId(id) }));
      console.log(options.json ? JSON.stringify(incident) : describeIncident(incident));
    });
}

interface OpenOptions {
  env: "production" | "staging";
  severity: string;
  component?: string[];
  message?: string;
  private?: boolean;
  json?: boolean;
}

function registerOpen(incidents: Command): void {
  incidents
    .command("open")
    .summary("open one that the platform has not seen")
    .description("Opens an incident and pages who is on call.")
    .argument("<app>", "name of the app")
    .argument("<title>", "what is wrong, in a few words")
    .requiredOption("--severity <class>", "of the app's runbook: P0, P1, P2")
    .option("--env <environment>", "production or staging", "production")
    .option("--component <name...>", "what suffers, as the status page names it")
    .option("-m, --message <text>", "more of it")
    .option("--private", "not on the status page")
    .option("--json", "print as JSON")
    .addHelpText("after", '\nExample:\n  evenkeel incidents open shop "Checkout fails" --severity P1')
    .action(async (app: string, title: string, options: OpenOptions) => {
      const incident = await withControl((client) =>
        client.openIncident({
          ...{ app: parseAppName(app), title, severity: options.severity, environment: options.env },
          ...(options.component && { components: options.component }),
          ...(options.message !== undefined && { message: options.message }),
          isPublic: !options.private,
        }),
      );
      print(incident, options.json);
    });
}

interface UpdateOptions {
  message?: string;
  phase?: "investigating" | "identified" | "monitoring";
  severity?: string;
  title?: string;
  followUp?: string;
  private?: boolean;
  revision?: string;
  json?: boolean;
}

function registerUpdate(incidents: Command): void {
  incidents
    .command("update")
    .summary("tell more of it")
    .description(
      "Adds to its timeline. What is not private stands on the status page and goes to those who follow it.",
    )
    .argument("<id>", "its number")
    .option("-m, --message <text>", "what is known")
    .option("--phase <phase>", "investigating, identified or monitoring")
    .option("--severity <class>", "another class")
    .option("--title <text>", "another title")
    .option("--follow-up <text>", "what is to be done so that it does not come back; for the report")
    .option("--private", "only for people inside")
    .option("--revision <number>", "refuse if it has changed since")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nExample:\n  evenkeel incidents update 7 --phase identified -m "A release broke the checkout"',
    )
    .action(async (id: string, options: UpdateOptions) => {
      const { message, phase, severity, title, followUp } = options;
      if ([message, phase, severity, title, followUp].every((given) => given === undefined))
        throw new UsageError("Say what is new: --message, --phase, --severity, --title or --follow-up");
      const incident = await withControl((client) =>
        client.updateIncident({
          ...{ incident: readId(id), isPublic: !options.private, ...seen(options.revision) },
          ...(message !== undefined && { message }),
          ...(phase !== undefined && { phase }),
          ...(severity !== undefined && { severity }),
          ...(title !== undefined && { title }),
          ...(followUp !== undefined && { followUp }),
        }),
      );
      print(incident, options.json);
    });
}

function registerReport(incidents: Command): void {
  incidents
    .command("report")
    .summary("write the post-incident report")
    .description("Writes the report as Markdown: impact, causes, timeline, follow-ups.")
    .argument("<id>", "its number")
    .option("--output <file>", "write it there instead of printing it")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel incidents report 7 --output incident-7.md")
    .action(async (id: string, options: { output?: string; json?: boolean }) => {
      const { markdown } = await withControl((client) => client.reportIncident({ incident: readId(id) }));
      if (options.output !== undefined) {
        writeFileSync(options.output, markdown);
        console.log(options.json ? JSON.stringify({ output: options.output }) : `Wrote ${options.output}`);
      } else console.log(options.json ? JSON.stringify({ markdown }) : markdown);
    });
}

function act(
  incidents: Command,
  name: string,
  summary: string,
  run: (
    client: ControlClient,
    given: { incident: string; message?: string; seenRevision?: number },
  ) => Promise<Incident>,
): void {
  incidents
    .command(name)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .argument("<id>", "its number")
    .option("-m, --message <text>", "for the timeline")
    .option("--revision <number>", "refuse if it has changed since")
    .option("--json", "print as JSON")
    .addHelpText("after", `\nExample:\n  evenkeel incidents ${name} 7`)
    .action(async (id: string, options: { message?: string; revision?: string; json?: boolean }) => {
      const { message } = options;
      const given = {
        incident: readId(id),
        ...(message !== undefined && { message }),
        ...seen(options.revision),
      };
      print(await withControl((client) => run(client, given)), options.json);
    });
}

const print = (incident: Incident, json: boolean | undefined): void =>
  console.log(json ? JSON.stringify(incident) : summarizeIncident(incident));

const seen = (revision: string | undefined) =>
  revision === undefined ? {} : { seenRevision: wholeNumber("--revision", revision, 1, 1_000_000_000) };

function readId(text: string): string {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new UsageError(`${JSON.stringify(text)} is no number of an incident`);
  return text;
}
