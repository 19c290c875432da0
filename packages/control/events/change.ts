import type { EnvironmentName } from "@evenkeel/model";
import type { GrantablePermission } from "../api/contract/route.ts";

/** What can change, each with the permission that one must hold to hear of it. */
export const changeKinds = {
  app: "read",
  deployment: "read",
  release: "read",
  health: "read",
  runbook: "read",
  incident: "read",
  drill: "read",
  database: "read",
  verification: "read",
  variable: "read",
  flag: "read",
  schedule: "read",
  process: "read",
  bucket: "read",
  domain: "read",
  log: "read",
  cost: "read",
  approval: "read",
  /** Persons, sessions, roles, tokens: who may see what. */
  access: "admin",
  platform: "admin",
} satisfies Record<string, GrantablePermission>;
export type ChangeKind = keyof typeof changeKinds;

/** That something is not as it was. What it is now is asked for, so nothing that a viewer may not see is in here. */
export interface Change {
  kind: ChangeKind;
  /** Absent: of the whole platform. */
  app?: string;
  environment?: EnvironmentName | undefined;
  /** A deployment, a variable's name, an incident. */
  id?: string;
}

/** Subjects of the audit log's actions (`canary.begin`) that are called otherwise here. */
const kindOfSubject: Record<string, ChangeKind> = {
  canary: "release",
  auto_deploy: "release",
  release_plan: "runbook",
  flags: "flag",
  migration: "database",
  logs: "log",
  drain: "log",
  export: "platform",
  budget: "cost",
  price: "cost",
  token: "access",
  person: "access",
  session: "access",
  invitation: "access",
  member: "access",
};

/** What an entry of the audit log tells viewers. */
export function changeOfAction(entry: {
  action: string;
  app?: string;
  object?: string;
  detail?: Record<string, unknown>;
}): Change {
  const subject = entry.action.split(".", 1)[0]!;
  const own = subject in changeKinds ? (subject as ChangeKind) : kindOfSubject[subject];
  const environment = entry.detail?.["environment"];
  return {
    kind: own ?? (entry.app === undefined ? "platform" : "app"),
    ...(entry.app === undefined ? {} : { app: entry.app }),
    ...(typeof environment === "string" ? { environment: environment as EnvironmentName } : {}),
    ...(entry.object === undefined ? {} : { id: entry.object }),
  };
}
