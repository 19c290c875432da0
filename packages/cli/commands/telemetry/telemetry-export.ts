import type { ControlClient, ExportView } from "@evenkeel/control";
import { parseAppName } from "@evenkeel/model";
import { type Command, Option } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { readHeaders } from "../logs/drains.ts";

const kinds = ["metrics", "logs", "traces"] as const;

export function registerTelemetryExport(program: Command): void {
  const telemetry = program
    .command("telemetry")
    .summary("send metrics, logs and traces on to another system")
    .description(
      "Exports what is measured, printed and traced by OTLP/HTTP (protobuf, gzip): from where it stood, over restarts of either side.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel telemetry export https://otlp.example.com --header 'Authorization: Bearer abc'\n  evenkeel telemetry ls",
    );
  telemetry
    .command("export")
    .summary("send what comes from now on to a collector")
    .description(
      "Metrics go out a minute after they were measured, as differences (delta temporality) and exponential histograms; lines and spans within seconds.",
    )
    .argument("<url>", "of OTLP/HTTP; /v1/metrics, /v1/logs and /v1/traces come behind it")
    .option(
      "--header <name: value>",
      "of every request; may be repeated",
      (value: string, before: string[] = []) => [...before, value],
    )
    .addOption(new Option("--only <kinds...>", "of these three alone").choices(kinds))
    .option("--app <name>", "of this app alone; else of all, and of the platform itself")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  evenkeel telemetry export https://otlp.example.com --only traces --app shop --header 'x-api-key: abc'",
    )
    .action(async (url: string, options: ExportOptions) => {
      const wish: Parameters<ControlClient["addExport"]>[0] = {
        ...{ url, headers: readHeaders(options.header ?? []) },
        ...(options.only && { kinds: options.only }),
        ...(options.app !== undefined && { app: parseAppName(options.app) }),
      };
      const made = await withControl((client) => client.addExport(wish));
      console.log(
        options.json
          ? JSON.stringify(made)
          : `Export ${made.id} sends ${made.kinds.join(", ")} to ${made.to} from now on`,
      );
    });
  telemetry
    .command("ls")
    .summary("list exports and how they do")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel telemetry ls")
    .action(async ({ json }: { json?: boolean }) => {
      const { exports } = await withControl((client) => client.listExports());
      console.log(json ? JSON.stringify(exports) : describe(exports));
    });
  telemetry
    .command("rm")
    .summary("stop sending")
    .argument("<id>", "of the export; see `evenkeel telemetry ls`")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel telemetry rm k3x9abcd")
    .action(async (id: string, { json }: { json?: boolean }) => {
      const removed = await withControl((client) => client.removeExport({ export: id }));
      console.log(json ? JSON.stringify(removed) : `Export ${id} is gone`);
    });
  telemetry
    .command("test")
    .summary("send an empty request of each kind, and say what became of it")
    .argument("<id>", "of the export; see `evenkeel telemetry ls`")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel telemetry test k3x9abcd")
    .action(async (id: string, { json }: { json?: boolean }) => {
      const tested = await withControl((client) => client.testExport({ export: id }));
      console.log(json ? JSON.stringify(tested) : "The receiver took it");
    });
}

interface ExportOptions {
  header?: string[];
  only?: ExportView["kinds"];
  app?: string;
  json?: boolean;
}

function describe(exports: ExportView[]): string {
  if (exports.length === 0) return "No exports";
  const rows = exports.flatMap((one) =>
    one.kinds.map((kind) => {
      const { sent = 0, refused = 0, lost = 0 } = one.counts[kind] ?? {};
      const failure = one.failures[kind];
      return [
        ...[one.id, one.to, one.app ?? "all", kind, String(sent), String(refused), String(lost)],
        failure ? `failing since ${formatAge(failure.sinceMs)}: ${failure.message}` : "well",
      ];
    }),
  );
  return formatTable(["id", "to", "app", "kind", "sent", "refused", "lost", "state"], rows);
}
