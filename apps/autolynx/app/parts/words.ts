/** How things are said to people. */
export const statusWords: Record<string, [string, string]> = {
  draft: ["Draft", ""],
  running: ["Running", "live"],
  paused: ["Paused", "warn"],
  completed: ["Completed", "good"],
  canceled: ["Cancelled", ""],
  INTENDED: ["Dialling", "live"],
  UNCERTAIN: ["Being looked up", "warn"],
  QUEUED: ["Queued", "live"],
  RINGING: ["Ringing", "live"],
  IN_PROGRESS: ["Talking", "live"],
  COMPLETED: ["Answered", "good"],
  NO_ANSWER: ["No answer", ""],
  BUSY: ["Busy", ""],
  VOICEMAIL: ["Voicemail", "warn"],
  FAILED: ["Failed", "bad"],
  CANCELED: ["Cancelled", ""],
  NOT_PLACED: ["Not placed", ""],
  healthy: ["Healthy", "good"],
  unhealthy: ["Not healthy", "bad"],
  unknown: ["Not checked", ""],
  admin: ["Administrator", ""],
  operator: ["Operator", ""],
  active: ["Active", "good"],
  invited: ["Invited", "warn"],
  shut_out: ["Shut out", "bad"],
  positive: ["Positive", "good"],
  neutral: ["Neutral", ""],
  negative: ["Negative", "bad"],
  interested: ["Interested", "good"],
  not_interested: ["Not interested", ""],
  call_back_later: ["Call back later", "warn"],
  wrong_person: ["Wrong person", ""],
  unclear: ["Unclear", ""],
};

export const wordFor = (status: string): string => statusWords[status]?.[0] ?? status;

export const money = (microdollars: number | null): string =>
  microdollars === null
    ? "–"
    : new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).format(microdollars / 1_000_000);

export const percent = (share: number | null): string =>
  share === null ? "–" : `${Math.round(share * 100)} %`;

export function duration(ms: number | null): string {
  if (ms === null) return "–";
  const seconds = Math.round(ms / 1_000);
  return seconds < 60
    ? `${seconds} s`
    : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}

/** The same on the server and in the browser, which may live in different zones. */
export const instant = (value: Date | string | null): string =>
  value === null ? "–" : `${new Date(value).toISOString().slice(0, 16).replace("T", " ")} UTC`;
