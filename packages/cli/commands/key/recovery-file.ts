import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { InvalidValueError } from "@evenkeel/model";
import { armor, Decrypter, Encrypter } from "age-encryption";
import { z } from "zod";

/** A name of a file in `keys/`, such as `master.key` and `databases/shop/production.key`; nothing that leads out of it. */
const keyName = /^(?!.*(?:^|\/)\.)[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

const recovery = z.object({
  format: z.literal("evenkeel-recovery-1"),
  madeAt: z.string(),
  /** Name of a file in `keys/` → its bytes in base64. */
  keys: z.record(z.string().regex(keyName), z.base64()),
  /** App → environment → variables; where they were asked for. */
  secrets: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.string()))).optional(),
});
export type Recovery = z.infer<typeof recovery>;

/** All files of `keys/`. */
export function readKeys(folder: string): Recovery["keys"] {
  const keys: Recovery["keys"] = {};
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(folder, entry);
    if (lstatSync(path).isFile() && keyName.test(entry)) keys[entry] = readFileSync(path).toString("base64");
  }
  return keys;
}

/**
 * What is needed to open a platform's data elsewhere, as an armored age file (https://age-encryption.org/v1).
 *
 * @param recipients `age1…`
 * @throws InvalidValueError for one that is none
 */
export async function sealRecovery(content: Recovery, recipients: string[]): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new InvalidValueError(`"${recipient.slice(0, 100)}" is no recipient of age`, {
        hint: "Make a key pair with `age-keygen`, and give its public key, which begins with age1.",
        cause,
      });
    }
  }
  return armor.encode(await encrypter.encrypt(JSON.stringify(content)));
}

/**
 * @param identities text of an identity file: lines that begin with `AGE-SECRET-KEY-`, and comments
 * @throws InvalidValueError where none of them opens it, or it is no such file
 */
export async function openRecovery(file: string, identities: string): Promise<Recovery> {
  try {
    const decrypter = new Decrypter();
    for (const line of identities.split(/\r?\n/).map((text) => text.trim()))
      if (line !== "" && !line.startsWith("#")) decrypter.addIdentity(line);
    return recovery.parse(JSON.parse(await decrypter.decrypt(armor.decode(file), "text")));
  } catch (cause) {
    throw new InvalidValueError("The recovery file does not open", {
      hint: "Give the file that `evenkeel key export` wrote, and the identity file of one of its recipients.",
      cause,
    });
  }
}

/**
 * Puts keys back that are missing; none where one is there that differs.
 *
 * @returns names of those that were missing
 * @throws InvalidValueError
 */
export function restoreKeys(folder: string, keys: Recovery["keys"], replace: boolean): string[] {
  const bytes = Object.entries(keys).map(([name, text]) => ({ name, bytes: Buffer.from(text, "base64") }));
  const wanted = bytes.filter(
    ({ name, bytes: own }) =>
      !existsSync(join(folder, name)) || !readFileSync(join(folder, name)).equals(own),
  );
  const different = wanted.filter(({ name }) => existsSync(join(folder, name))).map(({ name }) => name);
  if (different.length > 0 && !replace) {
    throw new InvalidValueError(`Other keys are there already: ${different.join(", ")}`, {
      hint: `What they sealed opens with no others. Keep a copy of ${folder}, then add --replace.`,
    });
  }
  for (const { name, bytes: own } of wanted) writeFileDurably(join(folder, name), own, 0o600);
  return wanted.map(({ name }) => name);
}
