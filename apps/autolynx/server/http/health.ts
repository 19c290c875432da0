import { inDirectory } from "../database.ts";
import { environment } from "../environment.ts";
import { askVapi } from "../vapi/client.ts";

export interface Check {
  healthy: boolean;
  ms: number;
  reason?: string;
}

export interface Health {
  status: "healthy" | "unhealthy";
  timestamp: string;
  checks: { database: Check; vapi: Check; auth: Check };
}

/** The provider is not asked more often than that, however often we are. */
const providerFreshMs = 15_000;
let provider: { at: number; check: Promise<Check> } | undefined;

/** How this app and what it stands on are; never throws. */
export async function health(): Promise<Health> {
  if (!provider || Date.now() - provider.at > providerFreshMs)
    provider = { at: Date.now(), check: checked(() => askVapi("GET", "/assistant?limit=1")) };
  const [database, vapi, auth] = await Promise.all([
    checked(() => inDirectory((tx) => tx`SELECT 1 FROM organisations LIMIT 1`)),
    provider.check,
    // Sessions can be looked up, and what signs and admits is set.
    checked(async () => {
      environment();
      await inDirectory((tx) => tx`SELECT count(*) FROM sessions WHERE expires_at > now() LIMIT 1`);
    }),
  ]);
  if (!vapi.healthy) provider = undefined;
  const healthy = database.healthy && vapi.healthy && auth.healthy;
  return {
    status: healthy ? "healthy" : "unhealthy",
    timestamp: new Date().toISOString(),
    checks: { database, vapi, auth },
  };
}

async function checked(work: () => Promise<unknown>): Promise<Check> {
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  const limit = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("No answer within 4 s")), 4_000).unref?.(),
  );
  try {
    await Promise.race([work(), limit]);
    return { healthy: true, ms: ms() };
  } catch (error) {
    // Everybody may ask: no addresses, no statements.
    const reason =
      error instanceof Error && error.name === "VapiError" ? error.message : "It does not answer";
    return { healthy: false, ms: ms(), reason };
  }
}
