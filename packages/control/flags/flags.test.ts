import { afterAll, beforeAll, expect, test } from "bun:test";
import type { TestCluster } from "@evenkeel/postgres";
import { startControlCluster, TestControl } from "../testing/test-control.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let control: TestControl;
beforeAll(async () => {
  cluster = await startControlCluster();
  control = await TestControl.start(cluster);
}, limitMs);
afterAll(async () => {
  await control.stop();
  await cluster.stop();
}, limitMs);

const set = (count: number) => ({
  flags: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `F${index}`,
      { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off" },
    ]),
  ),
});
const of = { app: "shop", environment: "production" } as const;

test(
  "changes at once are all kept, one version each, told to the edge and on record",
  async () => {
    const client = control.client();
    await control.deploy("shop");
    await client.pushFlags({ ...of, set: set(8) });
    const changed = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client.overrideFlag({ ...of, flag: `F${index}`, variant: "on" }),
      ),
    );
    expect(changed.map(({ version }) => version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(changed.every(({ unconfirmed }) => unconfirmed.length === 0)).toBe(true);
    const { flags } = await client.listFlags(of);
    expect(flags.map(({ defaultVariant }) => defaultVariant)).toEqual(Array(8).fill("on"));
    expect(await client.resetFlag({ ...of, flag: "F0" })).toMatchObject({ version: 10 });
    // Nothing to reset: no version is spent.
    expect(await client.resetFlag({ ...of, flag: "F0" })).toMatchObject({ version: 10 });
    const { entries } = await client.listAudit({});
    expect(entries.filter(({ action }) => action.startsWith("flags."))).toHaveLength(10);
    const served = control.control!.parts.serving.feed.serving!.flags!["shop/production"]!;
    expect(served.version).toBe(10);
  },
  limitMs,
);

test(
  "a set that is wrong and a version that never was change nothing",
  async () => {
    const client = control.client();
    const { version } = await client.listFlags(of);
    const wrong = { flags: { F0: { state: "ENABLED", variants: { on: true }, defaultVariant: "off" } } };
    await expect(client.pushFlags({ ...of, set: wrong })).rejects.toMatchObject({ code: "flag_set_invalid" });
    await expect(client.rollbackFlags({ ...of, version: 99 })).rejects.toMatchObject({
      code: "flag_version_unknown",
    });
    await expect(client.overrideFlag({ ...of, flag: "F0", variant: "blue" })).rejects.toMatchObject({
      code: "flag_variant_unknown",
    });
    expect((await client.listFlags(of)).version).toBe(version);
  },
  limitMs,
);

test(
  "flags go with their app",
  async () => {
    const client = control.client();
    await client.removeApp({ app: "shop" });
    expect(control.control!.parts.serving.feed.serving!.flags).toEqual({});
    await control.deploy("shop");
    expect(await client.listFlags(of)).toMatchObject({ version: 0, flags: [] });
  },
  limitMs,
);
