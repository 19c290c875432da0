import type { Command } from "commander";
import { registerSandboxAccounts } from "./sandbox-accounts.ts";
import { registerSandboxFaults } from "./sandbox-faults.ts";

export function registerSandbox(program: Command): void {
  const sandbox = program
    .command("sandbox")
    .summary("twins of outside providers: phones, texts, faults")
    .description(
      "In previews and development, apps talk to twins of Twilio, Vapi and others on this machine, by the official SDKs and without being told. Calls ring on a page, time can pass faster, and providers fail on purpose.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel sandbox open
  evenkeel sandbox speed shop 100
  evenkeel sandbox faults add shop down --provider twilio`,
    );
  registerSandboxAccounts(sandbox);
  registerSandboxFaults(sandbox);
}
