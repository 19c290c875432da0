import type { AppEnvironment, AppName } from "@evenkeel/model";
import {
  type BusinessHours,
  type CommunicationPlan,
  type ContinuityPlan,
  type OnCallPlan,
  type SeverityClass,
  usualBusinessHours,
} from "@evenkeel/runbook";
import type { Connection } from "../database/connection.ts";
import { deploymentRunbook, releasedIn } from "../runbook/runbook-store.ts";
import { usualClasses } from "./severity-classes.ts";

/** What the runbook in force says of incidents; the platform's usual classes where it says nothing. */
export interface IncidentPolicy {
  /** Gravest first, at least one. */
  classes: readonly SeverityClass[];
  hours: BusinessHours;
  communication?: CommunicationPlan;
  onCall?: OnCallPlan;
  continuity?: ContinuityPlan;
}

const usual: IncidentPolicy = { classes: usualClasses, hours: usualBusinessHours };

/** A runbook that cannot be read any more leaves the usual policy: an incident is told of all the same. */
export async function incidentPolicy(
  connection: Connection,
  {
    app,
    environment,
  }: { app?: AppName | undefined; environment?: AppEnvironment["environment"] | undefined },
): Promise<IncidentPolicy> {
  if (app === undefined || environment === undefined) return usual;
  const released = await releasedIn(connection, app, environment);
  if (!released?.hasRunbook) return usual;
  try {
    const plan = (await deploymentRunbook(connection, released.deployment))?.plan;
    if (!plan) return usual;
    const { severities, communication, onCall, continuity } = plan;
    return {
      classes: severities.length > 0 ? severities : usualClasses,
      hours: onCall?.businessHours ?? usualBusinessHours,
      ...(communication && { communication }),
      ...(onCall && { onCall }),
      ...(continuity && { continuity }),
    };
  } catch (error) {
    console.error(`control: the runbook of ${app} in ${environment}: ${(error as Error).message}`);
    return usual;
  }
}
