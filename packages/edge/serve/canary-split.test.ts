import { afterEach, beforeEach, expect, test } from "bun:test";
import type { AppName, DeploymentId } from "@evenkeel/model";
import type { TestApp } from "../testing/test-app.ts";
import { TestWorld } from "../testing/test-world.ts";

let world: TestWorld;
beforeEach(() => {
  world = new TestWorld();
});
afterEach(() => world.stop());

const limitMs = 60_000;
const host = "shop.localhost";
const stable = "aaaaaaaaa";
const canary = "bbbbbbbbb";

const version = (id: string): TestApp => ({
  id,
  files: { "index.html": `page of ${id}`, [`assets/app-${id}.js`]: `code of ${id}` },
  functions: { api: (_, response) => response.end(`api of ${id}`) },
});

/** Puts the share; undefined takes the canary away. */
const split = (share: number | undefined, previous: string[] = []) =>
  world.change([
    {
      put: "alias",
      alias: {
        host,
        deployment: stable as DeploymentId,
        previous: previous as DeploymentId[],
        ...(share !== undefined && { canary: { deployment: canary as DeploymentId, share } }),
      },
    },
  ]);

async function startCanary(share: number): Promise<void> {
  world.startEdge();
  world.startEdge();
  await world.deploy(version(stable));
  await world.deploy(version(canary), []);
  await split(share);
}

const sideOf = async (headers: Record<string, string>, target = "/", edge = 0) =>
  (await world.get(host, target, { headers, edge })).headers["x-evenkeel-deployment"];

test(
  "each visitor has one side at every edge, for pages, files and functions, and comes over once while the share grows",
  async () => {
    await startCanary(0);
    const visitors = Array.from({ length: 120 }, (_, number) => ({ "user-agent": `visitor ${number}` }));
    const seen: string[][] = visitors.map(() => []);
    for (const share of [0, 0.1, 0.3, 0.3, 0.7, 1]) {
      await split(share);
      let onCanary = 0;
      for (const [number, headers] of visitors.entries()) {
        const sides = await Promise.all([
          sideOf(headers, "/", number % 2),
          sideOf(headers, "/api", 1),
          sideOf(headers, "/missing"),
        ]);
        expect(new Set(sides).size).toBe(1);
        seen[number]!.push(sides[0]!);
        if (sides[0] === canary) onCanary++;
      }
      // Six standard deviations of 120 draws; the hash is fixed, so this holds always or never.
      expect(Math.abs(onCanary - share * 120)).toBeLessThan(120 * 0.18);
      if (share === 0 || share === 1) expect(onCanary).toBe(share * 120);
    }
    for (const sides of seen) expect(sides).toEqual([...sides].sort());
    await split(undefined, [canary]);
    for (const headers of visitors) expect(await sideOf(headers)).toBe(stable);
  },
  limitMs,
);

test(
  "a page's cookie keeps its visitor's side when the address changes, and one of another canary counts for nothing",
  async () => {
    await startCanary(0.5);
    const page = { accept: "text/html" };
    for (let number = 0; number < 20; number++) {
      const first = await world.get(host, "/", {
        headers: { ...page, "x-forwarded-for": `10.0.0.${number}` },
      });
      const cookie = first.headers["set-cookie"]!;
      expect(cookie).toMatch(
        /^__evenkeel_canary=bbbbbbbbb\.[0-9a-f]{8}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/,
      );
      const headers = {
        ...page,
        cookie: `theme=dark; ${cookie.split(";")[0]}`,
        "x-forwarded-for": "10.9.9.9",
      };
      const second = await world.get(host, "/", { headers, edge: 1 });
      expect(second.headers["x-evenkeel-deployment"]).toBe(first.headers["x-evenkeel-deployment"]!);
      expect(second.headers["set-cookie"]).toBeUndefined();
    }
    const own = await sideOf({ "user-agent": "one" });
    for (const point of ["00000000", "ffffffff"])
      expect(await sideOf({ "user-agent": "one", cookie: `__evenkeel_canary=ccccccccc.${point}` })).toBe(
        own!,
      );
    expect(await sideOf({ cookie: "__evenkeel_canary=bbbbbbbbb.00000000" })).toBe(canary);
    expect(await sideOf({ cookie: "__evenkeel_canary=bbbbbbbbb.ffffffff" })).toBe(stable);
    // Every kind of answer carries it: files from memory, functions, errors of the platform.
    for (const target of ["/", "/api", "/missing"])
      expect((await world.get(host, target, { headers: page })).headers["set-cookie"]).toContain(canary);
    expect((await world.get(host, "/")).headers["set-cookie"]).toBeUndefined();
    await split(undefined);
    expect((await world.get(host, "/", { headers: page })).headers["set-cookie"]).toBeUndefined();
  },
  limitMs,
);

test(
  "what a page asks for in its deployment's name is answered by that one, and files of either side are found on both",
  async () => {
    await startCanary(0);
    for (const named of [canary, `dpl_${canary}`]) {
      expect(await sideOf({ "x-deployment-id": named }, "/api")).toBe(canary);
      expect(await sideOf({}, `/api?x=1&dpl=${named}`)).toBe(canary);
    }
    expect((await world.get(host, `/assets/app-${canary}.js`)).text).toBe(`code of ${canary}`);
    await split(1);
    expect(await sideOf({ "x-deployment-id": `dpl_${stable}` }, "/api")).toBe(stable);
    expect(await sideOf({ "x-deployment-id": "dpl_older" }, "/api")).toBe(stable);
    expect((await world.get(host, `/assets/app-${stable}.js`)).text).toBe(`code of ${stable}`);
    await split(undefined, [canary]);
    expect((await world.get(host, `/assets/app-${canary}.js`)).text).toBe(`code of ${canary}`);
  },
  limitMs,
);

test(
  "a canary whose deployment is not known yet answers nobody, and a whole snapshot brings it back",
  async () => {
    world.startEdge();
    await world.deploy(version(stable));
    await split(1);
    expect(await sideOf({})).toBe(stable);
    await world.deploy(version(canary), []);
    expect(await sideOf({})).toBe(canary);
    // An edge that starts in the middle of it splits as the others do.
    const late = world.edges.length;
    world.startEdge();
    await world.change([{ remove: "flags", app: "shop" as AppName, environment: "production" }]);
    expect(await sideOf({}, "/", late)).toBe(canary);
    await world.change([{ remove: "deployment", id: canary as DeploymentId }]);
    expect(await sideOf({})).toBe(stable);
  },
  limitMs,
);
