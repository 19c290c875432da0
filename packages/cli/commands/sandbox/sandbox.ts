import type { Command } from "commander";
import { registerSandboxAccounts } from "./sandbox-accounts.ts";
import { registerSandboxAudit } from "./sandbox-audit.ts";
import { registerSandboxBilling } from "./sandbox-billing.ts";
import { registerSandboxFaults } from "./sandbox-faults.ts";
import { registerSandboxLogs } from "./sandbox-logs.ts";
import { registerSandboxPhones } from "./sandbox-phones.ts";

export function registerSandbox(program: Command): void {
  const sandbox = program
    .command("sandbox")
    .summary("twins of outside providers: phones, mail, payments, faults")
    .description(
      "In previews and development, apps talk to twins of Twilio, Stripe, OpenAI and others on this machine, by the official SDKs and without being told. Calls ring and people pay on a page, time can pass faster, and providers fail on purpose.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel sandbox open
  evenkeel sandbox speed shop 100
  evenkeel sandbox phone text shop "Is it open?"
  evenkeel sandbox billing shop
  evenkeel sandbox faults add shop down --provider twilio`,
    );
  registerSandboxAccounts(sandbox);
  registerSandboxPhones(sandbox);
  registerSandboxLogs(sandbox);
  registerSandboxBilling(sandbox);
  registerSandboxFaults(sandbox);
  registerSandboxAudit(sandbox);
}
