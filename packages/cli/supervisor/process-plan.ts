import { join } from "node:path";
import type { HomeLayout, PlatformConfig } from "@evenkeel/model";
import { KeptProcess } from "./kept-process.ts";
import { ProcessTable } from "./process-table.ts";
import type { SupervisedParts } from "./supervisor.ts";

const packages = join(import.meta.dir, "../..");

/** The platform's processes beside its database. */
export function planProcesses(
  layout: HomeLayout,
  config: PlatformConfig,
): Omit<SupervisedParts, "database" | "scheduler"> {
  const table = new ProcessTable(join(layout.run, "processes.json"));
  const environment = platformEnvironment(layout, config);
  const plan = (name: string, main: string, extra: Record<string, string> = {}) =>
    new KeptProcess(
      {
        name,
        argv: [process.execPath, join(packages, main)],
        environment: { ...environment, ...extra },
        logPath: join(layout.logs, "platform", `${name}.log`),
      },
      table,
    );
  const edges = Array.from({ length: config.edges }, (_, index) =>
    plan(`edge-${index}`, "edge/main.ts", { EVENKEEL_EDGE_NAME: `edge-${index}` }),
  );
  return {
    databases: plan("databases", "postgres/main.ts"),
    control: plan("control", "control/main.ts"),
    host: plan("host", "host/main.ts"),
    sandbox: plan("sandbox", "sandbox/main.ts"),
    blobs: plan("blobs", "blobs/main.ts"),
    signals: plan("signals", "signals/main.ts"),
    telemetry: plan("telemetry", "telemetry/main.ts"),
    edges,
  };
}

/** What every process of the platform is told. Builds and instances get none of it. */
function platformEnvironment(layout: HomeLayout, config: PlatformConfig): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith("EVENKEEL_")) inherited[name] = value;
  }
  return {
    ...inherited,
    EVENKEEL_HOME: layout.home,
    EVENKEEL_RUN: layout.run,
    EVENKEEL_DOMAIN: config.domain,
    EVENKEEL_PORT: String(config.port),
    EVENKEEL_ADDRESS: config.address,
    EVENKEEL_DATABASE_URL: `postgresql://postgres@localhost:5432/postgres?host=${encodeURIComponent(join(layout.run, "pg"))}`,
    // 256 fetches at once by default; the rest would wait.
    BUN_CONFIG_MAX_HTTP_REQUESTS: "65535",
    // Bun collects garbage every second until thirty collections have found nothing. Under load its other triggers are sooner; idle,
    // this was a quarter of all work.
    BUN_GC_TIMER_INTERVAL: "5000",
  };
}
