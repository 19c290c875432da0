import type { IconName } from "./icon.tsx";
import type { Tone } from "./status.tsx";

/** How states are shown, in one place: the word, its colour and its icon. */
export interface Shown {
  tone: Tone;
  word: string;
  icon?: IconName;
  moving?: boolean;
}

const shown = <State extends string>(states: Record<State, Shown>) => states;

export const deploymentStates = shown({
  queued: { tone: "quiet", word: "Queued", icon: "clock" },
  building: { tone: "info", word: "Building", moving: true },
  deploying: { tone: "info", word: "Deploying", moving: true },
  ready: { tone: "good", word: "Ready" },
  failed: { tone: "bad", word: "Failed" },
  cancelled: { tone: "quiet", word: "Cancelled" },
  superseded: { tone: "quiet", word: "Superseded" },
  removed: { tone: "quiet", word: "Removed", icon: "trash" },
});

export const stepStates = shown({
  waiting: { tone: "quiet", word: "Waiting", icon: "dot" },
  running: { tone: "info", word: "Running", moving: true },
  done: { tone: "good", word: "Done" },
  failed: { tone: "bad", word: "Failed" },
  skipped: { tone: "quiet", word: "Skipped" },
});

export const healthStates = shown({
  passing: { tone: "good", word: "Healthy" },
  doubtful: { tone: "warn", word: "Doubtful" },
  failing: { tone: "bad", word: "Failing" },
  unknown: { tone: "quiet", word: "Not asked yet", icon: "question" },
});

export const clauseStates = shown({
  ok: { tone: "good", word: "Kept" },
  breached: { tone: "bad", word: "Breached" },
  unknown: { tone: "quiet", word: "Not known", icon: "question" },
  error: { tone: "warn", word: "Cannot be judged" },
});

export const decisionStates = shown({
  decided: { tone: "info", word: "Under way", moving: true },
  done: { tone: "good", word: "Done" },
  failed: { tone: "bad", word: "Failed" },
  overtaken: { tone: "quiet", word: "Overtaken" },
});

export const runStates = shown({
  waiting: { tone: "quiet", word: "Waiting", icon: "clock" },
  running: { tone: "info", word: "Running", moving: true },
  succeeded: { tone: "good", word: "Succeeded" },
  failed: { tone: "bad", word: "Failed" },
  skipped: { tone: "quiet", word: "Skipped" },
});

export const incidentStates = shown({
  open: { tone: "bad", word: "Open", icon: "alert" },
  acknowledged: { tone: "warn", word: "Acknowledged", icon: "user" },
  resolved: { tone: "good", word: "Resolved" },
});

export const drillStates = shown({
  running: { tone: "info", word: "Running", moving: true },
  passed: { tone: "good", word: "Passed" },
  failed: { tone: "bad", word: "Failed" },
});

export const approvalStates = shown({
  open: { tone: "warn", word: "Waits", icon: "clock" },
  approved: { tone: "good", word: "Agreed" },
  refused: { tone: "bad", word: "Refused" },
  used: { tone: "good", word: "Done" },
  expired: { tone: "quiet", word: "Expired" },
});

export const migrationEffects = shown({
  additive: { tone: "good", word: "Additive" },
  blocking: { tone: "warn", word: "Blocking" },
  opaque: { tone: "warn", word: "Opaque", icon: "question" },
  destructive: { tone: "bad", word: "Destructive" },
});
