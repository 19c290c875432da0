import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provisionToolchain } from "./provision-toolchain.ts";
import type { ToolWish } from "./tool-package.ts";

let toolchain: string;
beforeEach(() => {
  toolchain = mkdtempSync(join(tmpdir(), "ek-toolchain-"));
});
afterEach(() => rmSync(toolchain, { recursive: true, force: true }));

/** A process of its own that provisions and prints every step. */
function provisionInProcess(wish: object) {
  const program = `
    import { provisionToolchain } from ${JSON.stringify(join(import.meta.dir, "provision-toolchain.ts"))};
    const [tool] = await provisionToolchain({ toolchain: process.argv[1] }, [JSON.parse(process.argv[2])],
      ({ step }) => console.log(step));
    console.log(tool.version);`;
  return Bun.spawn([process.execPath, "-e", program, toolchain, JSON.stringify(wish)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
}

test("two processes that want the same tool install it once, whole", async () => {
  const wish = { tool: "yarn", version: "1.22.22" };
  const children = [provisionInProcess(wish), provisionInProcess(wish)];
  const outputs = await Promise.all(children.map((child) => new Response(child.stdout).text()));
  expect(outputs.map((text) => text.trim().split("\n").at(-1))).toEqual(["1.22.22", "1.22.22"]);
  expect(outputs.join("").match(/ready/g)).toHaveLength(1);
  expect(readdirSync(toolchain).sort()).toEqual([".lock-yarn", "yarn"]);
  const yarn = Bun.spawn([join(toolchain, "yarn/1.22.22/bin/yarn"), "--version"], { stdout: "pipe" });
  expect((await new Response(yarn.stdout).text()).trim()).toBe("1.22.22");
}, 120_000);

test("an install that was killed leaves nothing that counts, and the next one begins anew", async () => {
  const dead = join(toolchain, ".unfinished-yarn-dead");
  mkdirSync(dead);
  const child = provisionInProcess({ tool: "yarn", version: "1.22.22" });
  for await (const chunk of child.stdout) {
    if (Buffer.from(chunk).includes("downloading")) break;
  }
  child.kill("SIGKILL");
  await child.exited;
  expect(existsSync(join(toolchain, "yarn/1.22.22"))).toBe(false);
  const [tool] = await provisionToolchain({ toolchain }, [{ tool: "yarn", version: "1.22.22" }]);
  expect(tool!.version).toBe("1.22.22");
  expect(existsSync(join(tool!.folder, "evenkeel-tool.json"))).toBe(true);
  expect(existsSync(dead)).toBe(false);
}, 120_000);

test("tools that are there are found without a registry; a Node has a link by its major", async () => {
  const place = (tool: string, version: string, name: string) => {
    mkdirSync(join(toolchain, tool, version), { recursive: true });
    writeFileSync(join(toolchain, tool, version, "evenkeel-tool.json"), JSON.stringify({ package: name }));
  };
  const node = `node-${process.platform}-${process.arch}`;
  for (const version of ["22.1.0", "24.9.0", "24.21.0"]) place("node", version, node);
  place("yarn", "4.1.0", "@yarnpkg/cli-dist");
  mkdirSync(join(toolchain, "node/24.99.0"));
  const wished: ToolWish[] = [
    { tool: "node", major: 24 },
    { tool: "yarn", version: "^4.0.0" },
  ];
  for (let time = 0; time < 2; time++) {
    const tools = await provisionToolchain({ toolchain }, wished);
    expect(tools.map((tool) => tool.version)).toEqual(["24.21.0", "4.1.0"]);
  }
  expect(readlinkSync(join(toolchain, "node/24"))).toBe("24.21.0");
});

test("a registry that cannot be reached is said so, with a remedy", async () => {
  const before = process.env["npm_config_registry"];
  process.env["npm_config_registry"] = "http://127.0.0.1:9/";
  try {
    const failure = await provisionToolchain({ toolchain }, [{ tool: "pnpm", version: "10.1.0" }]).catch(
      (error) => error,
    );
    expect(failure).toMatchObject({
      code: "toolchain_unreachable",
      message: expect.stringContaining("ECONNREFUSED"),
      hint: expect.stringContaining("registry"),
    });
  } finally {
    if (before === undefined) delete process.env["npm_config_registry"];
    else process.env["npm_config_registry"] = before;
  }
}, 120_000);
