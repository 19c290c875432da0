import { createHash } from "node:crypto";
import { RecoveryKeyError } from "../errors.ts";

const mark = "EVENKEEL-RECOVERY-KEY-1";
const checkBytes = 4;

/**
 * A recovery key as a person keeps it, on paper too: `EVENKEEL-RECOVERY-KEY-1-` and nine groups of eight hexadecimal digits, the last of them
 * a check of the others.
 */
export function formatRecoveryKey(key: Uint8Array): string {
  const digits = Buffer.concat([key, checkOf(key)]).toString("hex");
  return [mark, ...digits.match(/.{8}/g)!].join("-");
}

/** Finds the key in the text of a file. @throws RecoveryKeyError when there is none, or it was copied wrongly. */
export function parseRecoveryKey(text: string): Uint8Array {
  const match = new RegExp(`${mark}((?:-[0-9a-f]{8}){9})(?![0-9a-f-])`, "i").exec(text);
  if (!match) {
    throw new RecoveryKeyError("The file holds no recovery key", {
      hint: `One begins with ${mark}; \`evenkeel backup key export\` wrote it.`,
    });
  }
  const bytes = Buffer.from(match[1]!.replaceAll("-", ""), "hex");
  const key = bytes.subarray(0, -checkBytes);
  if (!checkOf(key).equals(bytes.subarray(-checkBytes))) {
    throw new RecoveryKeyError(
      "The recovery key was not copied correctly: its last group does not fit the others",
      {
        hint: "Compare it with the original, group by group.",
      },
    );
  }
  return new Uint8Array(key);
}

const checkOf = (key: Uint8Array): Buffer =>
  createHash("sha256").update("evenkeel recovery key check").update(key).digest().subarray(0, checkBytes);
