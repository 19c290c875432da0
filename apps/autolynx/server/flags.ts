/** What can be switched off without a deployment. All is on where the host has no flags, or does not tell them. */
export const flags = [
  "strictBatching",
  "phoneLineHealthCheck",
  "transcriptAnalysis",
  "costTracking",
  "exportFunctionality",
] as const;
export type Flag = (typeof flags)[number];

const freshMs = 10_000;
const known = new Map<Flag, { at: number; value: Promise<boolean> }>();

/** Whether a feature is on; asked by OpenFeature's remote evaluation protocol (OFREP) at `OFREP_ENDPOINT`, at most ten seconds old. */
export function isOn(flag: Flag): Promise<boolean> {
  const endpoint = process.env["OFREP_ENDPOINT"];
  if (!endpoint) return Promise.resolve(true);
  const last = known.get(flag);
  if (last && Date.now() - last.at < freshMs) return last.value;
  const before = last?.value;
  const value = evaluate(endpoint, flag).catch(() => before ?? true);
  known.set(flag, { at: Date.now(), value });
  return value;
}

async function evaluate(endpoint: string, flag: Flag): Promise<boolean> {
  const response = await fetch(`${endpoint.replace(/\/+$/, "")}/ofrep/v1/evaluate/flags/${flag}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ context: { targetingKey: "autolynx" } }),
    signal: AbortSignal.timeout(2_000),
    cache: "no-store",
  });
  // Nobody has said anything about it.
  if (response.status === 404) return true;
  if (!response.ok) throw new Error(`Flags answered ${response.status}`);
  const { value } = (await response.json()) as { value?: unknown };
  return value !== false;
}
