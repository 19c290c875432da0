import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { writeFileDurably } from "@evenkeel/disk";
import type { HomeLayout } from "@evenkeel/model";
import { formatRecoveryKey } from "@evenkeel/postgres";
import type { Command } from "commander";
import { PlatformNotRunningError, UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath, findHome } from "../../platform/home.ts";

export function registerBackupKey(backup: Command): void {
  backup
    .command("export-key")
    .summary("write the recovery key to a file, to be kept elsewhere")
    .description(
      "With the recovery key and the archive anybody can read everything: keep it where the platform and its archive are not, on paper for example. `-` prints it.",
    )
    .argument("<file>", "must not exist; - for standard output")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel backup export-key /media/usb/evenkeel.key\n  evenkeel backup export-key - | lpr",
    )
    .action(exportKey);
}

async function exportKey(file: string, options: { json?: boolean }): Promise<void> {
  const layout = findHome();
  const text = keyFile(readKey(layout));
  const path = file === "-" ? undefined : callerPath(file);
  if (path === undefined) process.stdout.write(text);
  else if (existsSync(path)) throw new UsageError(`${path} exists`, { hint: "Name a new file." });
  else writeFileDurably(path, text, 0o600);
  writeFileDurably(layout.recoveryKeyExported, `${JSON.stringify({ atMs: Date.now() })}\n`, 0o600);
  // The key can be taken out of a platform that is down, too.
  await withControl((client) => client.recordKeyExport()).catch((error) => {
    if (!(error instanceof PlatformNotRunningError)) throw error;
  });
  if (path === undefined) return;
  if (options.json) console.log(JSON.stringify({ file: path }));
  else console.log(`The recovery key is in ${path}. Keep it where the platform and its archive are not.`);
}

function readKey(layout: HomeLayout): Uint8Array {
  try {
    return readFileSync(layout.recoveryKey);
  } catch (cause) {
    throw new PlatformNotRunningError(layout.home, cause);
  }
}

const keyFile = (
  key: Uint8Array,
): string => `Recovery key of the Evenkeel platform on ${hostname()}, ${new Date().toISOString().slice(0, 10)}.
With it and the archive, a lost platform is made anew: evenkeel rebuild --from ARCHIVE --key FILE

${formatRecoveryKey(key)}
`;
