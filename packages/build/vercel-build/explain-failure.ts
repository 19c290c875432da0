import { type EvenkeelError, formatDuration, formatSize } from "@evenkeel/model";
import {
  BuildCancelledError,
  BuildDiskFullError,
  BuildFailedError,
  BuildOutOfMemoryError,
  BuildTimedOutError,
  FrameworkVersionMissingError,
} from "../errors.ts";
import type { RoomLimits } from "../room/room-limits.ts";
import type { RoomOutcome } from "../room/run-in-room.ts";

const shownLines = 10;

/**
 * Why a build failed, from how its room ended and the last lines of its log.
 *
 * @param what was run, for messages
 * @returns undefined if it did not fail
 */
export function explainFailure(
  outcome: RoomOutcome,
  limits: RoomLimits,
  lastLines: string[],
  what = "build",
): EvenkeelError | undefined {
  const has = (pattern: RegExp) => lastLines.some((line) => pattern.test(line));
  const quoted = lastLines
    .filter((line) => line.trim() !== "")
    .slice(-shownLines)
    .join("\n");
  switch (outcome.ended) {
    case "cancelled":
      return new BuildCancelledError(`The ${what} was cancelled`);
    case "wall_time":
      return new BuildTimedOutError(
        `The ${what} was ended: it took longer than ${formatDuration(limits.wallTimeMs)}`,
        { hint: "See the log for the step that hangs, or allow more time." },
      );
    case "disk":
      return diskFull(what, outcome.endReason ?? "the disk is full");
  }
  if (outcome.exitCode === 0) return undefined;
  // Before "out of memory": what is killed while the disk is full says both.
  if (has(/\b(ENOSPC|EDQUOT|EFBIG)\b|No space left on device|Disk quota exceeded|File too large/i)) {
    return diskFull(what, "a write failed for want of space");
  }
  if (outcome.outOfMemory || has(/JavaScript heap out of memory|\bENOMEM\b|Cannot allocate memory/)) {
    return new BuildOutOfMemoryError(
      `The ${what} was ended: it needed more than its ${formatSize(limits.memoryBytes)} of memory`,
      { hint: "Give builds more memory, or build elsewhere and deploy with --prebuilt." },
    );
  }
  const framework = lastLines
    .map((line) => /No (.+?) version (?:could be )?detected/i.exec(line)?.[1])
    .find((name) => name !== undefined);
  if (framework !== undefined) {
    return new FrameworkVersionMissingError(`The build failed: no version of ${framework} is installed`, {
      hint: `Add ${framework} to the dependencies in package.json, or set another framework or root directory.`,
    });
  }
  const hint = outcome.processesRefused
    ? `It reached its limit of ${limits.processes} processes.`
    : "The log has the whole story.";
  return new BuildFailedError(
    `The ${what} failed with exit code ${outcome.exitCode}:\n${quoted}`,
    outcome.exitCode,
    hint,
  );
}

function diskFull(what: string, reason: string): BuildDiskFullError {
  return new BuildDiskFullError(`The ${what} was ended: ${reason}`, {
    hint: `Free disk space, or let the ${what} write less.`,
  });
}
