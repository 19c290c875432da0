import { EvenkeelError, errorJson } from "@evenkeel/model";

/**
 * Exit codes: 0 done, 1 it failed, 2 the words of the command are wrong, 69 the platform is not running
 * (sysexits.h, EX_UNAVAILABLE).
 */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof EvenkeelError)) return 1;
  if (error.code === "usage" || error.code === "invalid_value") return 2;
  return error.code === "platform_not_running" ? 69 : 1;
}

/** Says what went wrong on standard error; with `--json` as `{"error":{code,message,hint}}` on standard output. */
export function reportFailure(error: unknown, json: boolean): void {
  const report = errorJson(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: report })}\n`);
  else {
    process.stderr.write(`evenkeel: ${report.message}\n`);
    if (report.hint) process.stderr.write(`  → ${report.hint}\n`);
  }
  if (!(error instanceof EvenkeelError) && process.env["EVENKEEL_DEBUG"]) console.error(error);
}
