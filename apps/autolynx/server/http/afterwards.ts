import { waitUntil } from "@vercel/functions";
import { log } from "../log.ts";

/** What `work` starts goes on after the answer; a tick does it if the instance ends before. */
export function afterwards(work: Promise<unknown>): void {
  waitUntil(work.catch((error) => log("error", "Work after an answer failed", { error })));
}
