import { sep } from "node:path";
import { type ErrorJson, EvenkeelError } from "@evenkeel/model/errors";
import { FunctionImportFailedError } from "./errors.ts";
import { launcherFile } from "./launcher-file.ts";

/** Frames that tell the app's author something. */
const frameLimit = 12;

/** What the host is told when a function cannot start: our own errors as they are, the app's with their message and trimmed stack. */
export function importError(thrown: unknown, handler: string, root: string): ErrorJson {
  if (thrown instanceof EvenkeelError) return thrown.toJSON();
  const message = `Importing ${handler} failed: ${describe(thrown, root)}`;
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  const missing = code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
  return new FunctionImportFailedError(message, {
    ...(missing
      ? { hint: 'Is it in "dependencies" of package.json, and was it traced into the function?' }
      : {}),
  }).toJSON();
}

function describe(thrown: unknown, root: string): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const prefix = root.endsWith(sep) ? root : root + sep;
  const text = (thrown.stack ?? String(thrown)).replaceAll(`file://${prefix}`, "").replaceAll(prefix, "");
  const lines = text.split("\n");
  const isFrame = (line: string) => /^\s+at /.test(line);
  const head = lines.filter((line) => !isFrame(line));
  const frames = lines.filter(
    (line) => isFrame(line) && !line.includes("node:internal") && !line.includes(launcherFile),
  );
  return [...head, ...frames.slice(0, frameLimit)].join("\n").trim();
}
