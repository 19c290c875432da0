import type { AppName, DeploymentId, OutputId } from "../ids.ts";
import type { ServedMode } from "./served-mode.ts";

/** What an edge serves. It holds no secret: environment variables reach only the host (`HostState`). */
export interface ServingState {
  /** Grows by one with every change; 0 is empty. */
  version: number;
  deployments: Record<DeploymentId, ServedDeployment>;
  /** Host name in lower case without port → what answers there. */
  aliases: Record<string, Alias>;
  /** `servedFlagsKey` → the flags of an app environment. Absent in states from before there were flags. */
  flags?: Record<string, ServedFlags>;
  /** `servedFlagsKey` → an app environment that is in maintenance. */
  modes?: Record<string, ServedMode>;
}

export interface ServedDeployment {
  id: DeploymentId;
  app: AppName;
  environment: EnvironmentName;
  output: OutputId;
  /** Its immutable host name, without port. */
  host: string;
  createdAtMs: number;
  /** A function gets no new instance beyond this many; default 10. */
  maxInstances: number;
  /** Its functions have so many times the memory that they ask for, up to a limit; absent: once. */
  memory?: { factor: number; mostMb: number };
  /** SHA-256, hex, of the key by which its processes ask for flags. */
  flagsKeyHash?: string;
  /** By which the code of its pages names its deployment, where that is another: its build was made for that one. */
  pageId?: DeploymentId;
  /** SHA-256, hex, of the key by which they send telemetry. */
  telemetryKeyHash?: string;
  /** How many processes of each type its environment has; absent: the output has no services. `release` is not among them. */
  formation?: Formation;
}

/** Process type → how many, and how large. */
export type Formation = Record<string, { count: number; memoryMb: number }>;

/** The feature flags of one app environment; all its deployments share them. */
export interface ServedFlags {
  app: AppName;
  environment: EnvironmentName;
  /** Grows with every change of theirs. */
  version: number;
  /** flagd's document as it counts now, with what was changed at run time. */
  set: { flags: Record<string, unknown> };
}

export const servedFlagsKey = ({ app, environment }: Pick<ServedFlags, "app" | "environment">): string =>
  `${app}/${environment}`;

/** `production`, `staging`, `development`, or `preview` for every branch. */
export type EnvironmentName = "production" | "staging" | "preview" | "development";

export interface Alias {
  host: string;
  deployment: DeploymentId;
  /** Number of the release that pointed it here; absent for aliases without a ledger. */
  release?: number;
  /** Earlier deployments, newest first, whose hashed assets stay reachable here (skew protection). */
  previous: DeploymentId[];
  /** While a staged release is under way. */
  canary?: Canary;
}

/** A second deployment that answers a share of an alias's visitors. */
export interface Canary {
  deployment: DeploymentId;
  /** Of the visitors, 0 to 1. */
  share: number;
}

/** One change. Every change carries whole values, so applying one twice changes nothing. */
export type ServingChange =
  | { put: "deployment"; deployment: ServedDeployment }
  | { remove: "deployment"; id: DeploymentId }
  | { put: "alias"; alias: Alias }
  | { put: "flags"; flags: ServedFlags }
  | { put: "mode"; mode: ServedMode }
  | { remove: "alias"; host: string }
  | { remove: "flags" | "mode"; app: AppName; environment: EnvironmentName };

/** The changes of one version, all or none. */
export interface ServingEntry {
  version: number;
  changes: ServingChange[];
}

export const emptyServingState = (): ServingState => ({ version: 0, deployments: {}, aliases: {} });

/** Applies one entry in place. Entries at or below the state's version are skipped. */
export function applyServingEntry(state: ServingState, entry: ServingEntry): boolean {
  if (entry.version <= state.version) return false;
  for (const change of entry.changes) {
    if ("put" in change) {
      if (change.put === "deployment") state.deployments[change.deployment.id] = change.deployment;
      else if (change.put === "alias") state.aliases[change.alias.host] = change.alias;
      else if (change.put === "mode") {
        state.modes ??= {};
        state.modes[servedFlagsKey(change.mode)] = change.mode;
      } else {
        state.flags ??= {};
        state.flags[servedFlagsKey(change.flags)] = change.flags;
      }
    } else if (change.remove === "deployment") delete state.deployments[change.id];
    else if (change.remove === "alias") delete state.aliases[change.host];
    else if (change.remove === "mode") delete state.modes?.[servedFlagsKey(change)];
    else delete state.flags?.[servedFlagsKey(change)];
  }
  state.version = entry.version;
  return true;
}

/** What only the host may know of a deployment, beside `ServedDeployment`. */
export interface HostedDeployment {
  id: DeploymentId;
  app: AppName;
  /** The whole environment of its instances, system variables included. */
  environment: Record<string, string>;
  /** Names of those that are no secrets: logs may show their values. */
  plain: string[];
}
