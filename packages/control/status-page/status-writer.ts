import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import { DatabaseUnavailableError } from "../errors.ts";
import { type ReadParts, readStatusPages } from "./read-status.ts";
import { atomFeed, rssFeed } from "./status-feed.ts";
import { incidentHtml, statusHtml } from "./status-html.ts";
import { statusJson } from "./status-json.ts";
import type { StatusModel } from "./status-model.ts";

const everyMs = 60_000;
/** After a change; several at once are one round. */
const settleMs = 100;

/**
 * Keeps the files that edges serve as the status page: whatever becomes of control, its database or the app, they stay, and say as of when they are.
 * Each is replaced whole. They are made anew after each change, and each minute as a sign of life; losing them loses nothing.
 */
export class StatusWriter {
  private timer: ReturnType<typeof setInterval> | undefined;
  private soon: ReturnType<typeof setTimeout> | undefined;
  private writing: Promise<void> | undefined;
  private again = false;
  private readonly written = new Map<string, string>();

  constructor(private readonly parts: ReadParts & { layout: Pick<HomeLayout, "statusPages"> }) {}

  start(): void {
    this.timer = setInterval(() => this.nudge(), everyMs);
    this.nudge();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    clearTimeout(this.soon);
    await this.writing;
  }

  /** Something that it shows has changed. */
  nudge(): void {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.write();
    }, settleMs);
  }

  private write(): void {
    this.again = true;
    this.writing ??= (async () => {
      while (this.again) {
        this.again = false;
        await this.once();
      }
    })()
      .catch((error) => {
        if (!(error instanceof DatabaseUnavailableError)) console.error("control: status pages:", error);
      })
      .finally(() => {
        this.writing = undefined;
      });
  }

  private async once(): Promise<void> {
    const pages = await readStatusPages(this.parts, Date.now());
    const folder = this.parts.layout.statusPages;
    const files = new Map<string, string>();
    for (const page of pages) for (const [path, text] of filesOf(page)) files.set(path, text);
    for (const [path, text] of files) this.put(join(folder, path), text);
    this.removeOthers(folder, files);
  }

  /** Without fsync: after a power cut control makes them anew. */
  private put(path: string, text: string): void {
    const mark = createHash("sha256")
      .update(text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d\d:\d\d UTC/g, ""))
      .digest("hex");
    if (this.written.get(path) === mark && !isLive(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    this.written.set(path, mark);
  }

  private removeOthers(folder: string, files: ReadonlyMap<string, string>): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (!files.has(path.slice(folder.length + 1))) rmSync(path, { force: true });
    }
  }
}

/** Those whose moment is shown, or asked for by programs. */
const isLive = (path: string): boolean => path.endsWith("index.html") || path.includes("/api/v2/");

/** By path below the folder of status pages: `_all/index.html`, `shop/api/v2/summary.json`. Pure. */
export function filesOf(page: StatusModel): Map<string, string> {
  const folder = page.app ?? "_all";
  const files = new Map([
    [`${folder}/index.html`, statusHtml(page)],
    [`${folder}/history.atom`, atomFeed(page)],
    [`${folder}/history.rss`, rssFeed(page)],
  ]);
  for (const [path, value] of Object.entries(statusJson(page)))
    files.set(`${folder}/${path}`, `${JSON.stringify(value)}\n`);
  if (page.app !== undefined)
    for (const incident of page.incidents)
      files.set(`${folder}/incidents/${incident.id}.html`, incidentHtml(page, incident));
  return files;
}
