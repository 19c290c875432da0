import { gzipSync } from "node:zlib";
import { DrainFailedError } from "@evenkeel/logs";
import type { DrainShipper, DrainTarget } from "@evenkeel/logs/drains/drain";
import { logsExport } from "@evenkeel/logs/drains/otlp-shipper";
import { post } from "@evenkeel/logs/drains/post";
import { decodeRejected, encodeExport } from "@evenkeel/telemetry/otlp/encode-export";
import type { ExportKind } from "./export-state.ts";

/** What these answers refuse would be refused again: https://opentelemetry.io/docs/specs/otlp/#failures-1. Others may change, as a token or an address does. */
const finalStatuses: ReadonlySet<number> = new Set([400, 413, 422]);

/** Sends one request of OTLP/HTTP: protobuf, gzip, to `<url>/v1/<kind>`. */
export class OtlpSender {
  constructor(
    private readonly target: DrainTarget,
    /** Records were refused for good. */
    private readonly onRefused: (kind: ExportKind, count: number, reason: string) => void,
  ) {}

  /** @param count of records in it. @returns how many of them were taken. @throws DrainFailedError, DrainAddressRefusedError: to be sent again */
  async send(kind: ExportKind, request: object, count: number): Promise<number> {
    const url = new URL(this.target.url);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${kind}`;
    const target = { ...this.target, headers: { ...this.target.headers, "content-encoding": "gzip" } };
    try {
      const answer = await post(url, target, "application/x-protobuf", gzipSync(encodeExport(kind, request)));
      const rejected = decodeRejected(kind, answer);
      if (!rejected || rejected.count === 0) return count;
      this.onRefused(kind, rejected.count, rejected.message);
      return Math.max(0, count - rejected.count);
    } catch (error) {
      if (!(error instanceof DrainFailedError) || !finalStatuses.has(error.status ?? 0)) throw error;
      this.onRefused(kind, count, error.message);
      return 0;
    }
  }

  /** For the lines of an app's log. */
  shipper(): DrainShipper {
    return {
      settleMs: 0,
      send: async (lines, app) => {
        await this.send("logs", logsExport(lines, app), lines.length);
      },
      check() {},
      close() {},
    };
  }
}
