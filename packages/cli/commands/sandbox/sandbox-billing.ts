import type { Command } from "commander";
import { formatTable } from "../../output/table.ts";
import { askSandbox } from "./sandbox-client.ts";
import { accountPath, type SandboxOptions, sandboxCommand } from "./sandbox-options.ts";

interface Billing {
  provider: string;
  checkouts: {
    id: string;
    status: string;
    mode: string;
    amount: string;
    email: string | null;
    url?: string;
  }[];
  subscriptions: {
    id: string;
    status: string;
    email: string | null;
    what: string;
    endsAtMs: number;
    endsThen: boolean;
  }[];
  invoices: { number: string | null; status: string; amount: string; email: string | null; url?: string }[];
  portals: { email: string | null; url: string }[];
}

interface Endpoint {
  provider: string;
  id: string;
  url: string;
  events: string[];
}

interface PayOptions extends SandboxOptions {
  card: string;
  email: string;
  declineAuthentication?: boolean;
}

const mostShown = 20;

/** What people pay, and where providers' webhooks go. */
export function registerSandboxBilling(sandbox: Command): void {
  sandboxCommand(sandbox, "billing", "list checkouts, subscriptions and invoices, with the pages to pay at")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox billing shop")
    .action(billing);
  sandboxCommand(sandbox, "pay", "pay at a checkout, as a person does at its page")
    .argument("<checkout>", "its id, as `sandbox billing` lists it")
    .option("--card <number>", "a test card", "4242424242424242")
    .option("--email <address>", "of the person, where the app has not said it", "person@example.com")
    .option("--decline-authentication", "fail where the bank asks the person")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel sandbox pay shop cs_test_…\n  evenkeel sandbox pay shop cs_test_… --card 4000000000000002",
    )
    .action(pay);
  const endpoints = sandbox
    .command("endpoints")
    .summary("say where a provider's webhooks go, as at its own site");
  sandboxCommand(endpoints, "add", "let a provider send its webhooks to an address of the app")
    .argument("<url>", "of the app on this machine")
    .option("--provider <name>", "stripe, resend or mailgun", "stripe")
    .option("--events <types>", "only these, separated by commas")
    .addHelpText(
      "after",
      "\nTheir signatures are checked with STRIPE_WEBHOOK_SECRET and its siblings.\n\nExample:\n  evenkeel sandbox endpoints add shop https://shop-git-main.localhost:7080/api/stripe",
    )
    .action(
      async (app: string, url: string, options: SandboxOptions & { provider: string; events?: string }) => {
        const wish = {
          provider: options.provider,
          url,
          events: options.events?.split(",").map((each) => each.trim()),
        };
        const made = await askSandbox<Endpoint>("POST", `${accountPath(app, options)}/endpoints`, wish);
        console.log(
          options.json ? JSON.stringify(made) : `${made.id}: ${options.provider} sends to ${made.url}.`,
        );
      },
    );
  sandboxCommand(endpoints, "list", "list where webhooks go")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox endpoints list shop")
    .action(async (app: string, options: SandboxOptions) => {
      const path = `${accountPath(app, options)}/endpoints`;
      const { endpoints: all } = await askSandbox<{ endpoints: Endpoint[] }>("GET", path);
      if (options.json) return void console.log(JSON.stringify(all));
      if (all.length === 0) return void console.log("Nobody has said where webhooks go.");
      const rows = all.map(({ provider, id, url, events }) => [id, provider, url, events.join(", ")]);
      console.log(formatTable(["id", "provider", "to", "events"], rows));
    });
  sandboxCommand(endpoints, "remove", "send nothing there any more")
    .argument("<id>", "of the endpoint")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox endpoints remove shop we_…")
    .action(async (app: string, id: string, options: SandboxOptions) => {
      await askSandbox("DELETE", `${accountPath(app, options)}/endpoints/${encodeURIComponent(id)}`);
      console.log(options.json ? JSON.stringify({ id }) : `Nothing goes to ${id} any more.`);
    });
}

async function billing(app: string, options: SandboxOptions): Promise<void> {
  const { billing: all } = await askSandbox<{ billing: Billing[] }>(
    "GET",
    `${accountPath(app, options)}/billing`,
  );
  if (options.json) return void console.log(JSON.stringify(all));
  for (const { checkouts, subscriptions, invoices, portals } of all) {
    const parts = [
      part(
        ["checkout", "status", "amount", "who"],
        checkouts.map((each) => [each.id, each.status, each.amount || each.mode, each.email ?? ""]),
      ),
      ...checkouts.slice(0, mostShown).flatMap(({ url }) => (url === undefined ? [] : [`Pay at ${url}`])),
      part(
        ["subscription", "status", "what", "who", "period ends"],
        subscriptions.map((each) => [
          ...[each.id, each.status, each.what, each.email ?? ""],
          `${new Date(each.endsAtMs).toISOString().slice(0, 10)}${each.endsThen ? ", then it ends" : ""}`,
        ]),
      ),
      part(
        ["invoice", "status", "amount", "who"],
        invoices.map((each) => [each.number ?? "(draft)", each.status, each.amount, each.email ?? ""]),
      ),
      ...portals.slice(0, 1).map(({ url, email }) => `Portal of ${email ?? "a customer"}: ${url}`),
    ].filter((each) => each !== "");
    console.log(parts.length === 0 ? `${app} has asked nobody to pay yet.` : parts.join("\n\n"));
  }
}

const part = (heading: string[], rows: string[][]): string =>
  rows.length === 0 ? "" : formatTable(heading, rows.slice(0, mostShown));

async function pay(app: string, checkout: string, options: PayOptions): Promise<void> {
  const path = `${accountPath(app, options)}/checkouts/${encodeURIComponent(checkout)}/pay`;
  const payer = { card: options.card, email: options.email, authenticates: !options.declineAuthentication };
  const result = await askSandbox<{ paid: boolean; message: string }>("POST", path, payer);
  console.log(options.json ? JSON.stringify(result) : result.message);
  if (!result.paid) process.exitCode = 1;
}
