import { createHash, randomBytes } from "node:crypto";
import { otlpPath } from "@evenkeel/model";
import type { Place } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import { attachVariables } from "../deployments/attach-variables.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { Vault } from "../vault/vault.ts";

const endpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

/** What OpenTelemetry's SDKs configure themselves by: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
const exporterVariables = [
  endpointVariable,
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  // Differences are right whoever restarts; totals would lose what was counted while nobody compared.
  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
] as const;

/** Each deployment has its own. */
export const telemetryVariables: ReadonlySet<string> = new Set([
  ...exporterVariables,
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
]);

/**
 * Gives a new deployment the address at which its processes leave OpenTelemetry's metrics, logs and traces. The key is the deployment's own; edges
 * know its hash alone. Where a person's variables lead exports elsewhere, all of that is theirs: our key must not go there.
 */
export async function attachTelemetry(
  connection: Connection,
  { vault, place }: { vault: Vault; place: Place },
  owner: Pick<DeploymentRow, "id" | "app" | "environment">,
): Promise<void> {
  const { app, environment, id } = owner;
  await attachVariables(connection, vault, owner, {
    OTEL_SERVICE_NAME: app,
    OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${environment},service.version=${id}`,
  });
  const others = await connection.query(
    `SELECT 1 FROM deployment_variables WHERE deployment = $1 AND NOT attached
       AND name LIKE 'OTEL\\_EXPORTER\\_OTLP\\_%' LIMIT 1`,
    [id],
  );
  if (others.length > 0) return;
  const key = randomBytes(32).toString("base64url");
  await attachVariables(connection, vault, owner, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${place.port}${otlpPath}`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${key}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
  } satisfies Record<(typeof exporterVariables)[number], string>);
  await connection.query("UPDATE deployments SET telemetry_key_hash = $2 WHERE id = $1", [
    id,
    createHash("sha256").update(key).digest("hex"),
  ]);
}
