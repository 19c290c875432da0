import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BuildOutput, type HomeLayout, homeLayout } from "@evenkeel/model";
import { type ImportOptions, importOutput } from "./import-output.ts";

/** A project with a Build Output, and a home to import it into; for tests. Paths that begin with `@/` mean `.vercel/output`. */
export class OutputFixture {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "ek-import-")));
  readonly layout: HomeLayout = homeLayout(join(this.folder, "home"));
  project = join(this.folder, "project");

  at(path: string): string {
    return join(this.project, path.replace(/^@\//, ".vercel/output/"));
  }

  write(files: Record<string, string | object>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(this.at(path)), { recursive: true });
      writeFileSync(this.at(path), typeof content === "string" ? content : JSON.stringify(content));
    }
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    symlinkSync(target, this.at(path));
  }

  bring(options: { settled?: boolean; seenAs?: string } = {}, how: ImportOptions = {}): Promise<BuildOutput> {
    const built = { output: this.at("@/"), project: this.project, boundary: this.project, ...options };
    return importOutput(this.layout, built, how);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `.vc-config.json` of a Node function whose handler is `index.js`. */
export const nodeFunction = (more: object = {}) => ({
  runtime: "nodejs24.x",
  handler: "index.js",
  launcherType: "Nodejs",
  ...more,
});
