import { mkdirSync, readFileSync } from "node:fs";
import type { ControlClient } from "@evenkeel/control";
import { writeFileDurably } from "@evenkeel/disk";
import { InvalidValueError } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { Progress } from "../../output/progress.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath, findHome } from "../../platform/home.ts";
import { isSupervised } from "../../platform/supervisor-client.ts";
import { openRecovery, type Recovery, readKeys, restoreKeys, sealRecovery } from "./recovery-file.ts";

export function registerKey(program: Command): void {
  const key = program
    .command("key")
    .summary("the keys that seal variables and backups")
    .description(
      "The platform's keys stand in keys/ of the data directory, in no database, and in the archive only under the recovery key (`evenkeel backup export-key`). An export to a recipient of age opens without either: keep it elsewhere.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel key export --recipient age1… -o recovery.age\n  evenkeel key rotate",
    );
  key
    .command("rotate")
    .summary("replace the master key")
    .description(
      "Wraps what seals every variable for a new master key. Apps are served all the while, and an interrupted rotation goes on by itself.",
    )
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel key rotate")
    .action(rotate);
  key
    .command("export")
    .summary("encrypt all keys to a recipient of age, for recovery")
    .requiredOption("-r, --recipient <recipients...>", "public keys, as age-keygen makes them: age1…")
    .option("--secrets", "the values of all variables, too; it is put on record who asked")
    .option("-o, --output <file>", "write it here, for its owner alone (default: standard output)")
    .option("--json", "print what was done as JSON; needs --output")
    .addHelpText("after", "\nExample:\n  evenkeel key export --recipient age1… --secrets -o recovery.age")
    .action(exportKeys);
  key
    .command("import")
    .summary("put exported keys back into the data directory")
    .argument("<file>", "as `key export` wrote it")
    .requiredOption("-i, --identity <file>", "identity file of one of its recipients")
    .option("--replace", "also keys that are there and differ")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nThe platform must not be running.\n\nExample:\n  evenkeel key import recovery.age --identity key.txt",
    )
    .action(importKeys);
}

async function rotate(options: { json?: boolean }): Promise<void> {
  const progress = new Progress(options.json);
  progress.step("Wrapping all variables for a new master key");
  try {
    const done = await withControl((client) => client.rotateMasterKey());
    progress.done();
    if (options.json) return void console.log(JSON.stringify(done));
    console.log(`The master key is a new one; ${done.values} values were wrapped for it.`);
    if (done.unreadable > 0)
      console.log(`${done.unreadable} values open with no key that is here; they stay as they were.`);
  } catch (error) {
    progress.fail();
    throw error;
  }
}

interface ExportOptions {
  recipient: string[];
  secrets?: boolean;
  output?: string;
  json?: boolean;
}

async function exportKeys(options: ExportOptions): Promise<void> {
  if (options.json && options.output === undefined)
    throw new UsageError("--json needs --output", {
      hint: "The file itself goes to standard output without it.",
    });
  const content: Recovery = {
    format: "evenkeel-recovery-1",
    madeAt: new Date().toISOString(),
    keys: readKeys(findHome().keys),
    ...(options.secrets ? { secrets: await withControl(revealAll) } : {}),
  };
  const sealed = await sealRecovery(content, options.recipient);
  if (options.output === undefined) return void process.stdout.write(sealed);
  const file = callerPath(options.output);
  writeFileDurably(file, sealed, 0o600);
  const names = Object.keys(content.keys);
  if (options.json) console.log(JSON.stringify({ file, keys: names, secrets: options.secrets === true }));
  else console.log(`${names.length} keys are in ${file}, for ${options.recipient.length} recipients`);
}

async function revealAll(client: ControlClient): Promise<NonNullable<Recovery["secrets"]>> {
  const secrets: NonNullable<Recovery["secrets"]> = {};
  for (const { name: app } of (await client.listApps()).apps) {
    const { variables } = await client.listVariables({ app });
    for (const environment of new Set(variables.map((variable) => variable.environment))) {
      secrets[app] ??= {};
      secrets[app][environment] = (await client.revealVariables({ app, environment })).variables;
    }
  }
  return secrets;
}

async function importKeys(
  named: string,
  options: { identity: string; replace?: boolean; json?: boolean },
): Promise<void> {
  const layout = findHome();
  if (await isSupervised(layout))
    throw new UsageError("Keys cannot be put back while the platform runs", { hint: "First: evenkeel down" });
  const { keys, secrets, madeAt } = await openRecovery(read(named), read(options.identity));
  mkdirSync(layout.keys, { recursive: true, mode: 0o700 });
  const restored = restoreKeys(layout.keys, keys, options.replace === true);
  if (options.json)
    return void console.log(JSON.stringify({ restored, madeAt, secrets: secrets !== undefined }));
  console.log(
    restored.length === 0
      ? "All its keys are there already."
      : `Put back, as of ${madeAt}: ${restored.join(", ")}`,
  );
}

function read(named: string): string {
  const path = callerPath(named);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new InvalidValueError(`The file ${path} cannot be read`, {
      hint: "Name a file that is there.",
      cause,
    });
  }
}
