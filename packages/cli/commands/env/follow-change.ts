import type { ControlClient, Deployment } from "@evenkeel/control";
import type { AppName, DeploymentId, EnvironmentName } from "@evenkeel/model";
import { DeployFailedError } from "../../errors.ts";
import { Progress } from "../../output/progress.ts";
import { followDeployment } from "../../platform/follow-deployment.ts";

interface Changed {
  app: AppName;
  environment: EnvironmentName;
  set: string[];
  removed: string[];
  deployments: DeploymentId[];
}

/** Frameworks write these into the code that browsers load, when they build it. */
const builtIn = /^(?:NEXT_PUBLIC|VITE|PUBLIC|REACT_APP|NUXT_PUBLIC|GATSBY|EXPO_PUBLIC|VUE_APP)_/;

/**
 * Waits until a change of variables is live, and says what came of it.
 *
 * @throws DeployFailedError where it did not go live; the variables are then as before
 */
export async function followChange(
  client: ControlClient,
  changed: Changed,
  options: { json?: boolean; release?: boolean },
): Promise<void> {
  const live: Deployment[] = [];
  for (const id of changed.deployments) live.push(await follow(client, id, options.json === true));
  const { set, removed } = changed;
  if (options.json) {
    const deployments = live.map(({ id, url, releases }) => ({ id, url, release: releases[0]?.version }));
    const { app, environment } = changed;
    return void console.log(JSON.stringify({ app, environment, set, removed, deployments }));
  }
  const what = [
    set.length ? `${set.join(", ")} set` : "",
    removed.length ? `${removed.join(", ")} removed` : "",
  ];
  console.log(`${what.filter(Boolean).join(", ")} in ${changed.environment}: ${outcome(changed, live)}`);
  const stale = set.filter((name) => builtIn.test(name));
  if (live.length > 0 && stale.length > 0)
    process.stderr.write(
      `Client code keeps the ${stale.join(", ")} that it was built with: deploy again to change it.\n`,
    );
}

function outcome({ environment }: Changed, live: Deployment[]): string {
  const [deployment] = live;
  if (deployment) return `live as v${deployment.releases[0]?.version} (${deployment.id})`;
  if (environment === "development") return "kept";
  return "the next deployment gets it";
}

async function follow(client: ControlClient, id: DeploymentId, quiet: boolean): Promise<Deployment> {
  const progress = new Progress(quiet && !process.stderr.isTTY);
  try {
    const deployment = await followDeployment(
      client,
      await client.getDeployment({ deployment: id }),
      progress,
    );
    progress.done();
    return deployment;
  } catch (error) {
    progress.fail();
    const ended = await client.getDeployment({ deployment: id }).catch(() => undefined);
    if (ended?.state !== "failed" || !ended.error) throw error;
    throw new DeployFailedError(`The variables stay as they were: ${ended.error.message}`, {
      hint: ended.error.hint ?? `The log: evenkeel logs ${ended.app} --build ${id}`,
      cause: error,
    });
  }
}
