import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { askSandbox } from "./sandbox-client.ts";
import { accountPath, type SandboxOptions, sandboxCommand } from "./sandbox-options.ts";

interface Request {
  id: string;
  provider: string;
  method: string;
  path: string;
  status: number;
  durationMs: number;
  faults: string[];
  headers: Record<string, string>;
  body: string;
  answer: string;
}

interface Result {
  status?: number;
  failure?: string;
  message?: string;
  body: string;
}

interface Webhook {
  id: string;
  provider: string;
  kind: string;
  url: string;
  method: string;
  state: string;
  status?: number;
  failure?: string;
  message?: string;
  attempts: number;
}

interface WholeWebhook extends Omit<Webhook, "attempts"> {
  body: string;
  attempts: { why: string; durationMs: number; headers: Record<string, string>; result: Result }[];
}

interface Mail {
  id: string;
  provider: string;
  from: string;
  to: string[];
  subject: string;
  text?: string;
  html?: string;
}

type LogOptions = SandboxOptions & { limit: string };

/** What was asked and sent: requests, webhooks, mail and other messages. */
export function registerSandboxLogs(sandbox: Command): void {
  withLimit(sandboxCommand(sandbox, "requests", "list what the app asked of its providers"))
    .argument("[id]", "shows this one with its bodies")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox requests shop --limit 20")
    .action(requests);
  withLimit(sandboxCommand(sandbox, "webhooks", "list what providers sent to the app"))
    .argument("[id]", "shows this one with its bodies")
    .option("--resend", "send it once more, as it was")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel sandbox webhooks shop\n  evenkeel sandbox webhooks shop wh_0123456789abcdef --resend",
    )
    .action(webhooks);
  withLimit(sandboxCommand(sandbox, "inbox", "list mail, messages to Slack and alerts of the app"))
    .argument("[id]", "shows this mail with its text")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox inbox shop")
    .action(inbox);
}

const withLimit = (command: Command): Command =>
  command.option("--limit <count>", "the newest so many, up to 2000", "20");

/** @throws UsageError */
function limitOf({ limit }: LogOptions): number {
  const count = Number(limit);
  if (Number.isInteger(count) && count >= 1 && count <= 2_000) return count;
  throw new UsageError(`--limit "${limit}" is no whole number from 1 to 2000`);
}

async function requests(app: string, id: string | undefined, options: LogOptions): Promise<void> {
  const path = `${accountPath(app, options)}/requests`;
  if (id !== undefined) {
    const request = await askSandbox<Request>("GET", `${path}/${encodeURIComponent(id)}`);
    if (options.json) return void console.log(JSON.stringify(request));
    console.log(`${request.method} ${request.path}`);
    printHeaders(request.headers);
    console.log(`\n${request.body}\n\n${request.status || "no answer"}\n\n${request.answer}`);
    return;
  }
  const { requests: all } = await askSandbox<{ requests: Request[] }>(
    "GET",
    `${path}?limit=${limitOf(options)}`,
  );
  if (options.json) return void console.log(JSON.stringify(all));
  if (all.length === 0) return void console.log(`${app} has asked nothing of its providers yet.`);
  const rows = all.map((each) => [
    ...[each.id, each.provider, String(each.status || "-"), `${each.durationMs} ms`],
    [`${each.method} ${each.path}`, ...each.faults].join("  "),
  ]);
  console.log(formatTable(["id", "provider", "status", "took", "request"], rows));
}

function printHeaders(headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) console.log(`${name}: ${value}`);
}

const outcomeOf = ({ status, failure, message }: Pick<Result, "status" | "failure" | "message">): string =>
  failure === undefined ? String(status ?? "-") : `${failure.replaceAll("_", " ")}: ${message ?? ""}`;

async function webhooks(
  app: string,
  id: string | undefined,
  options: LogOptions & { resend?: boolean },
): Promise<void> {
  const path = `${accountPath(app, options)}/webhooks`;
  if (options.resend) {
    if (id === undefined) throw new UsageError("--resend needs the id of a webhook");
    const { result } = await askSandbox<{ result: Result }>(
      "POST",
      `${path}/${encodeURIComponent(id)}/resend`,
    );
    return void console.log(options.json ? JSON.stringify(result) : `Sent once more: ${outcomeOf(result)}`);
  }
  if (id !== undefined) {
    const webhook = await askSandbox<WholeWebhook>("GET", `${path}/${encodeURIComponent(id)}`);
    if (options.json) return void console.log(JSON.stringify(webhook));
    console.log(`${webhook.method} ${webhook.url}\n\n${webhook.body}`);
    for (const { why, durationMs, headers, result } of webhook.attempts) {
      console.log(`\n${why}, ${durationMs} ms: ${outcomeOf(result)}`);
      printHeaders(headers);
      if (result.body !== "") console.log(`\n${result.body}`);
    }
    return;
  }
  const { webhooks: all } = await askSandbox<{ webhooks: Webhook[] }>(
    "GET",
    `${path}?limit=${limitOf(options)}`,
  );
  if (options.json) return void console.log(JSON.stringify(all));
  if (all.length === 0) return void console.log(`Nothing was sent to ${app} yet.`);
  const rows = all.map((each) => [
    each.id,
    each.provider,
    each.kind,
    outcomeOf(each),
    String(each.attempts),
    each.url,
  ]);
  console.log(formatTable(["id", "provider", "kind", "outcome", "tries", "to"], rows));
}

async function inbox(app: string, id: string | undefined, options: LogOptions): Promise<void> {
  const path = accountPath(app, options);
  if (id !== undefined) {
    const mail = await askSandbox<Mail>("GET", `${path}/mail/${encodeURIComponent(id)}`);
    if (options.json) return void console.log(JSON.stringify(mail));
    console.log(
      `From: ${mail.from}\nTo: ${mail.to.join(", ")}\nSubject: ${mail.subject}\n\n${mail.text ?? mail.html ?? ""}`,
    );
    return;
  }
  const [{ mail }, { messages }, { alerts }] = await Promise.all([
    askSandbox<{ mail: Mail[] }>("GET", `${path}/mail`),
    askSandbox<{ messages: { text: string; blocks: unknown[] }[] }>("GET", `${path}/slack`),
    askSandbox<{ alerts: { summary: string; status: string }[] }>("GET", `${path}/alerts`),
  ]);
  const limit = limitOf(options);
  if (options.json) return void console.log(JSON.stringify({ mail, messages, alerts }));
  const rows = [
    ...mail.slice(0, limit).map((each) => [each.provider, each.id, each.to.join(", "), each.subject]),
    ...messages
      .slice(0, limit)
      .map((each) => ["slack", "", "", each.text || `(${each.blocks.length} blocks)`]),
    ...alerts.slice(0, limit).map((each) => ["pagerduty", "", each.status, each.summary]),
  ];
  console.log(
    rows.length === 0
      ? `${app} has written to nobody yet.`
      : formatTable(["from", "id", "to", "subject"], rows),
  );
}
