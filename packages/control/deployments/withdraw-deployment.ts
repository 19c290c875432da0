import type { DeploymentId, ServingChange } from "@evenkeel/model";
import type { HostLink } from "../instances/host-link.ts";
import type { Serving } from "../serving/serving.ts";

const stopLimitMs = 30_000;

/** Takes a deployment that is not (or no longer) live from edges and host; nothing if it was not there. */
export async function withdraw(parts: { serving: Serving; host: HostLink }, id: DeploymentId): Promise<void> {
  const { result: withdrawn, published } = await parts.serving.change(async (connection) => {
    const rows = await connection.query<{ host: string }>(
      "UPDATE aliases SET deployment = NULL WHERE deployment = $1 AND kind = 'deployment' RETURNING host",
      [id],
    );
    const changes: ServingChange[] = rows.map(({ host }) => ({ remove: "alias", host }));
    if (rows.length > 0) changes.push({ remove: "deployment", id });
    return { changes, result: rows.length > 0 };
  });
  if (!withdrawn) return;
  await published;
  // Behind, since draining takes its time. The host also ends instances of deployments that its feed no longer names.
  void parts.host.stopDeployment(id, stopLimitMs).catch(() => {});
}
