import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packSource } from "@evenkeel/build";
import type { Deployment, RunEvent } from "../client/index.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 60_000;
let control: TestControl;
let sources = 0;
controlForEachTest(limitMs, (started) => {
  control = started;
  control.shareToolchain();
});

/** Begins a deployment of an app that is a Procfile alone. */
async function begin(
  procfile: string,
  environment: "production" | "staging" = "production",
): Promise<string> {
  const folder = join(control.folder, `procfile-${++sources}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "Procfile"), procfile);
  writeFileSync(join(folder, "number.txt"), String(sources));
  const packed = await packSource(folder, `${folder}.tar`);
  const client = control.client();
  await client.ensureApp({ app: "shop" });
  await client.putUpload({ app: "shop", ...packed }, Bun.file(packed.path));
  return (await client.createDeployment({ app: "shop", upload: packed.sha256, environment })).id;
}

const deploy = async (procfile: string, environment?: "staging"): Promise<Deployment> =>
  control.finished(await begin(procfile, environment));
const formationOf = ({ id }: { id: string }) => control.host.served.get(id)?.formation;

test(
  "a formation is one web at first, follows what is said, and is kept for the next deployment of its environment alone",
  async () => {
    const first = await deploy("web: a\nworker: b\nrelease: c");
    expect(first.state).toBe("ready");
    expect(formationOf(first)).toEqual({
      web: { count: 1, memoryMb: 1_024 },
      worker: { count: 0, memoryMb: 1_024 },
    });
    const client = control.client();
    const scaled = await client.scaleProcesses({
      app: "shop",
      processes: { worker: { count: 3, memoryMb: 256 }, web: { count: 2 } },
    });
    const wanted = { web: { count: 2, memoryMb: 1_024 }, worker: { count: 3, memoryMb: 256 } };
    expect(scaled.formation).toEqual(wanted);
    await until("the host is told", () => formationOf(first)?.["worker"]?.count === 3);
    expect(formationOf(await deploy("web: a\nworker: other"))).toEqual(wanted);
    expect(formationOf(await deploy("web: a", "staging"))).toEqual({ web: { count: 1, memoryMb: 1_024 } });
    const refused = client.scaleProcesses({
      app: "shop",
      processes: { worker: { count: 0 }, clock: { count: 1 } },
    });
    await expect(refused).rejects.toMatchObject({ code: "process_type_unknown", status: 404 });
    expect((await client.listProcesses({ app: "shop" })).formation).toEqual(wanted);
    const audit = await client.listAudit({ app: "shop" });
    expect(audit.entries.filter(({ action }) => action === "process.scale")).toHaveLength(1);
  },
  limitMs,
);

test(
  "the release phase runs once before anything starts; when it fails, what was live stays",
  async () => {
    const sound = await deploy("web: a\nrelease: ./migrate --all");
    expect(control.host.runs).toMatchObject([
      { deployment: sound.id, command: ["./migrate --all"], name: "release.1" },
    ]);
    expect(control.host.prepared).toEqual([sound.id]);
    control.host.runExit = 3;
    const failed = await deploy("web: a\nrelease: ./migrate");
    expect(failed.error).toMatchObject({
      code: "release_phase_failed",
      message: "The release phase failed: ./migrate exited with status 3\n./migrate runs",
    });
    expect(control.host.prepared).toEqual([sound.id]);
    expect(control.edge.answering("shop.localhost")).toBe(sound.id);
  },
  limitMs,
);

test(
  "a release phase that was under way when control ended is not run a second time",
  async () => {
    control.host.runExit = undefined;
    const id = await begin("web: a\nrelease: ./migrate");
    await until("it runs", () => control.host.runs.length === 1);
    await control.control!.stop();
    control.host.runExit = 0;
    await control.startControl();
    const interrupted = await control.finished(id);
    expect(interrupted.error!.message).toContain("The release phase was interrupted: ./migrate");
    expect(control.host.runs).toHaveLength(1);
  },
  limitMs,
);

test(
  "a one-off command streams what it prints, takes input of its own app's callers, and ends with its reader",
  async () => {
    const { id } = await deploy("web: a");
    const client = control.client();
    const command = ["node", "-p", "1"];
    const events: RunEvent[] = [];
    for await (const event of client.runCommand({ app: "shop", command })) events.push(event);
    expect(events).toMatchObject([
      { type: "started", deployment: id },
      { type: "output", stream: "stdout", base64: Buffer.from("node -p 1 runs\n").toString("base64") },
      { type: "ended", exit: { exitCode: 0 } },
    ]);
    control.host.runExit = undefined;
    await client.ensureApp({ app: "other" });
    for await (const event of client.runCommand({ app: "shop", command })) {
      if (event.type !== "started") break;
      const { run } = event;
      await client.writeRunInput({ app: "shop", run, type: "input", base64: "YQ==" });
      const foreign = client.writeRunInput({ app: "other", run, type: "endInput" });
      await expect(foreign).rejects.toMatchObject({ code: "run_unknown" });
    }
    expect(control.host.inputs).toEqual([{ type: "input", base64: "YQ==" }]);
    const audit = await client.listAudit({ app: "shop" });
    expect(audit.entries.find(({ action }) => action === "process.run")).toMatchObject({ object: id });
  },
  limitMs,
);
