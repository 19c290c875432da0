import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { bundledSchemaFolder, envSchemaNames } from "../env-schema/schema-names.ts";
import { EnvSchemaUnreadableError } from "../errors.ts";
import type { SourceItem } from "./select-source.ts";

/**
 * The schema of an app's variables as one file, since a prebuilt source comes without its packages. It is bundled where `vercel build` has run, by whoever
 * trusts that folder.
 *
 * @throws EnvSchemaUnreadableError
 */
export async function packEnvSchema(root: string): Promise<SourceItem[]> {
  const name = envSchemaNames.find((candidate) => isFile(join(root, candidate)));
  if (name === undefined) return [];
  const built = await Bun.build({
    entrypoints: [join(root, name)],
    ...{ target: "bun", format: "esm", throw: false },
  });
  if (!built.success) {
    throw new EnvSchemaUnreadableError(
      `${name} and what it imports cannot be made one file: ${built.logs.slice(0, 6).join("\n")}`,
      { hint: "Install the app's packages first; rename the file if it is no schema of the environment." },
    );
  }
  const content = new Uint8Array(await built.outputs[0]!.arrayBuffer());
  return [
    {
      ...{ path: `${bundledSchemaFolder}/${name}.mjs`, sizeBytes: content.length },
      ...{ executable: false, content },
    },
  ];
}

const isFile = (path: string): boolean => existsSync(path) && lstatSync(path).isFile();
