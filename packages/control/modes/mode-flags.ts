import type { FlagDefinition, FlagSet } from "@evenkeel/flags";
import type { AppEnvironment } from "@evenkeel/model";
import { type Connection, first } from "../database/connection.ts";

/** By which apps read the mode, and the words of the banner. */
export const modeFlag = "evenkeel-mode";
export const bannerFlag = "evenkeel-banner";

/** What an app environment does less, and what its pages are to say. */
export interface ModeNow {
  mode?: { mode: "degraded" | "maintenance"; features: string[] };
  banner?: string;
}

export async function readModeNow(
  connection: Connection,
  { app, environment }: AppEnvironment,
): Promise<ModeNow> {
  const mode = await first(
    connection.query<{ mode: "degraded" | "maintenance"; features: string[]; message: string }>(
      "SELECT mode, features, message FROM app_modes WHERE app = $1 AND environment = $2",
      [app, environment],
    ),
  );
  const told = await first(
    connection.query<{ message: string }>(
      `SELECT message FROM incidents JOIN incident_events ON incident = incidents.id
       WHERE app = $1 AND environment = $2 AND state <> 'resolved' AND has_banner AND incidents.is_public AND incident_events.kind = 'told'
       ORDER BY rank, incident_events.id DESC LIMIT 1`,
      [app, environment],
    ),
  );
  const banner = told?.message ?? mode?.message;
  return { ...(mode && { mode }), ...(banner !== undefined && { banner }) };
}

/** The flags of an app in its mode: named features are off whatever else is said of them. Pure. */
export function withMode(set: FlagSet, { mode, banner }: ModeNow): FlagSet {
  const flags: Record<string, FlagDefinition> = { ...set.flags };
  for (const feature of mode?.features ?? []) flags[feature] = turnedOff(flags[feature]);
  if (mode) flags[modeFlag] = constant(mode.mode);
  if (banner !== undefined) flags[bannerFlag] = constant(banner);
  return { ...set, flags };
}

/** By its own variant that is false; an app that has not declared it finds it off all the same. */
function turnedOff(known: FlagDefinition | undefined): FlagDefinition {
  const { targeting: _, ...rest } = known ?? { variants: {}, state: "ENABLED" as const };
  const off = Object.entries(rest.variants).find(([, value]) => value === false)?.[0];
  if (off !== undefined) return { ...rest, state: "ENABLED", defaultVariant: off };
  return { ...rest, state: "ENABLED", variants: { ...rest.variants, off: false }, defaultVariant: "off" };
}

const constant = (value: string): FlagDefinition => ({
  ...{ state: "ENABLED", variants: { now: value }, defaultVariant: "now" },
  metadata: { public: true },
});
