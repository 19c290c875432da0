import { expect, test } from "bun:test";
import { planRoot, type RootStep } from "./root-plan.ts";

const wish = {
  runtimeFolder: "/data/toolchain/node/24.1.0",
  launcherPath: "/data/host/launchers/launcher-1.cjs",
  socketFolder: "/data/run/i/abc",
  cacheSocketFolder: "/data/run/cache",
  hiddenFolders: ["/data", "/data/run"],
};
const merged = {
  systemFolders: { bin: "usr/bin", lib: "usr/lib" },
  settings: new Set(["resolv.conf", "ssl/certs"]),
};
const step = (steps: RootStep[], path: string) => steps.find((candidate) => candidate.path === path);

test("only the instance's socket folder and devices can be written through; everything else bound is read-only", () => {
  const steps = planRoot(merged, wish);
  const binds = steps.filter((candidate) => candidate.step === "bind");
  expect(binds.filter(({ access }) => access === "write").map(({ source }) => source)).toEqual([
    "/data/run/i/abc",
  ]);
  expect(
    binds.filter(({ access }) => access === "device").every(({ source }) => source.startsWith("/dev/")),
  ).toBe(true);
  expect(binds.some(({ source }) => source === "/" || source === "/data" || source === "/etc")).toBe(false);
});

test("merged and separate system folders are both shown", () => {
  expect(step(planRoot(merged, wish), "/bin")).toEqual({ step: "link", path: "/bin", target: "usr/bin" });
  const separate = planRoot({ ...merged, systemFolders: { bin: null } }, wish);
  expect(step(separate, "/bin")).toMatchObject({ step: "bind", source: "/bin", access: "read" });
});

test("settings that the machine lacks are left out, and accounts are the app's own", () => {
  const steps = planRoot(merged, wish);
  expect(step(steps, "/etc/resolv.conf")).toMatchObject({ step: "copy" });
  expect(step(steps, "/etc/hosts")).toBeUndefined();
  expect(step(steps, "/etc/passwd")).toMatchObject({ step: "link" });
  expect(step(steps, "/etc/shadow")).toBeUndefined();
});

test("a data directory below a system folder is covered", () => {
  expect(planRoot(merged, wish).some((candidate) => candidate.step === "hide")).toBe(false);
  const below = planRoot(merged, { ...wish, hiddenFolders: ["/usr/local/evenkeel", "/userdata"] });
  expect(below.filter((candidate) => candidate.step === "hide").map(({ path }) => path)).toEqual([
    "/usr/local/evenkeel",
  ]);
});

test("every writable place in memory has a size and a number of files", () => {
  for (const memory of planRoot(merged, wish).filter((candidate) => candidate.step === "memory")) {
    expect(memory.sizeBytes).toBeGreaterThan(0);
    expect(memory.files).toBeGreaterThan(0);
  }
});
