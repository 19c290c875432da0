import type { AppName } from "@evenkeel/model";
import type { LogLine } from "../line/log-line.ts";
import type { DrainShipper, DrainTarget } from "./drain.ts";
import { post } from "./post.ts";

/** Lines as the API gives them, with the name of their app; `id` tells those that came before. */
export function httpShipper(target: DrainTarget): DrainShipper {
  const url = new URL(target.url);
  return {
    settleMs: 0,
    async send(lines: LogLine[], app: AppName) {
      const body = lines.map((line) => `${JSON.stringify({ app, ...line })}\n`).join("");
      await post(url, target, "application/x-ndjson", body);
    },
    check() {},
    close() {},
  };
}
