import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "tailwindcss";
import { packageFolder } from "./source-hash.ts";

/**
 * The style sheet with the classes that the pages name. Tailwind's compiler is plain JavaScript; only its own scanner and minifier are native
 * code with install scripts, and neither is needed: every word of the sources is a candidate, and Bun minifies.
 */
export async function styleSheet(): Promise<string> {
  const { build } = await compile(readFileSync(join(packageFolder, "style.css"), "utf8"), {
    base: packageFolder,
    loadStylesheet: async (id, base) => {
      const path = id.startsWith(".")
        ? join(base, id)
        : Bun.resolveSync(id === "tailwindcss" ? "tailwindcss/index.css" : id, packageFolder);
      return { path, base: join(path, ".."), content: readFileSync(path, "utf8") };
    },
  });
  const words = new Set<string>();
  for (const name of readdirSync(packageFolder, { recursive: true }) as string[]) {
    if (!/\.tsx?$/.test(name) || name.includes("node_modules")) continue;
    const source = readFileSync(join(packageFolder, name), "utf8");
    for (const [word] of source.matchAll(/[^\s"'`{}]+/g)) words.add(word);
  }
  const css = build([...words]);
  const result = await Bun.build({
    entrypoints: ["style.css"],
    files: { "style.css": css },
    minify: true,
    throw: false,
  } as unknown as Parameters<typeof Bun.build>[0]);
  return result.success ? await result.outputs[0]!.text() : css;
}
