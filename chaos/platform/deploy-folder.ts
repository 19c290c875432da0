import { join } from "node:path";
import { packSource } from "@evenkeel/build";
import type { ControlClient, Deployment } from "@evenkeel/control";
import type { Chaos } from "../chaos.ts";
import { ProgrammeFailedError } from "../errors.ts";

/** Deploys the prebuilt app of a folder to production, as `evenkeel deploy --prebuilt --prod` does, and waits for its end, whatever it is. */
export async function deployFolder(
  chaos: Chaos,
  control: ControlClient,
  app: string,
  folder: string,
): Promise<Deployment> {
  const { path, sha256, sizeBytes } = await packSource(
    folder,
    join(chaos.makeFolder("upload"), "source.tar"),
    {
      prebuilt: true,
    },
  );
  await control.putUpload({ app, sha256, sizeBytes }, Bun.file(path));
  const { id } = await control.createDeployment({
    ...{ app, upload: sha256, kind: "prebuilt", environment: "production" },
  });
  for await (const event of control.followDeployment({ deployment: id }))
    if (event.type === "done") return event.deployment;
  throw new ProgrammeFailedError(`The progress of ${id} ended without its end`);
}
