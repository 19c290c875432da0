import { z } from "zod";
import { PackageManifestInvalidError } from "../errors.ts";
import { parseJsonSource } from "./json-source.ts";

const manifestSchema = z.object({
  name: z.string().optional(),
  packageManager: z.string().optional(),
  engines: z.object({ node: z.string().optional() }).optional(),
  scripts: z.record(z.string(), z.string()).optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  devDependencies: z.record(z.string(), z.string()).optional(),
});

/** The parts of a package.json that a build goes by. */
export type PackageManifest = z.output<typeof manifestSchema>;

/** @throws PackageManifestInvalidError (`package_manifest_invalid`) with the place */
export function parsePackageManifest(text: string, name = "package.json"): PackageManifest {
  const source = parseJsonSource(text);
  if ("problem" in source) {
    throw new PackageManifestInvalidError(`${name} is not valid JSON: ${source.problem}`, {
      hint: "Correct the file; JSON has no comments and no comma after the last value.",
    });
  }
  const result = manifestSchema.safeParse(source.value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  throw new PackageManifestInvalidError(
    `${name}, ${source.placeOf(path, "value")}: ${path.join(".") || "the file"}: ${issue.message}`,
    { hint: "See https://docs.npmjs.com/cli/configuring-npm/package-json for what may stand there." },
  );
}
