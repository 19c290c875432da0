import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseProgress, DrillFindings, HomeLayout, KeeperScenario } from "@evenkeel/model";
import { errorJson } from "@evenkeel/model";
import type { AppDatabase } from "../keeper/app-database.ts";
import { killServer } from "../server/kill-server.ts";
import { drillBreach } from "./drill-breach.ts";
import { drillCorruption } from "./drill-corruption.ts";
import { drillFolder, runLink } from "./drill-folder.ts";
import { drillRebuild } from "./drill-rebuild.ts";
import { drillRegion, type KeeperOfCopy } from "./drill-region.ts";
import { Rehearsal, StepFailed } from "./rehearsal.ts";

/** Rehearses disasters, one at a time: each takes a core and the room of several copies. What serves is only read. */
export class DrillKeeper {
  private turn: Promise<unknown>;

  constructor(
    private readonly layout: HomeLayout,
    private readonly allotPort: () => number,
    /** For a copy that is to have a keeper of its own. */
    private readonly newKeeper: (layout: HomeLayout, database: AppDatabase) => KeeperOfCopy,
  ) {
    this.turn = sweep(drillFolder(layout));
  }

  /** Never throws: what goes wrong is its result. Nothing is left behind. */
  run(
    scenario: KeeperScenario,
    id: string,
    database: AppDatabase,
    onProgress: (progress: DatabaseProgress) => void,
  ): Promise<DrillFindings> {
    const result = this.turn.then(() => this.runOnce(scenario, id, database, onProgress));
    this.turn = result.catch(() => {});
    return result;
  }

  private async runOnce(
    scenario: KeeperScenario,
    id: string,
    database: AppDatabase,
    onProgress: (progress: DatabaseProgress) => void,
  ): Promise<DrillFindings> {
    const folder = join(drillFolder(this.layout), id);
    const rehearsal = new Rehearsal(onProgress);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o711 });
      if (scenario === "database_corruption") await drillCorruption(rehearsal, database, folder);
      else if (scenario === "region_failure") await drillRegion(rehearsal, database, folder, this.newKeeper);
      else if (scenario === "control_plane_loss") await drillRebuild(rehearsal, this.layout, folder);
      else await drillBreach(rehearsal, database, folder, this.allotPort);
    } catch (error) {
      if (!(error instanceof StepFailed)) {
        const { code, message } = errorJson(error);
        rehearsal.fail("the drill itself", code, message);
      }
    } finally {
      await remove(folder);
    }
    return rehearsal.findings;
  }
}

/** Copies that were not thrown away, with their servers. */
async function sweep(folder: string): Promise<void> {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) await remove(join(folder, name));
}

async function remove(folder: string): Promise<void> {
  for (const dataDir of dataDirectories(folder)) await killServer(dataDir).catch(() => {});
  const run = lstatSync(join(folder, runLink), { throwIfNoEntry: false });
  if (run?.isSymbolicLink()) rmSync(readlinkSync(join(folder, runLink)), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Wherever a drill has made one. */
function dataDirectories(folder: string): string[] {
  if (!existsSync(folder)) return [];
  if (existsSync(join(folder, "PG_VERSION"))) return [folder];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? dataDirectories(join(folder, entry.name)) : [],
  );
}
