import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const shared = "/var/tmp/evenkeel-test-toolchain/node/24/bin/node";
const own = "/var/tmp/evenkeel-test-node24";

/**
 * A Node 24: the test toolchain's where some suite has provisioned it, else from npm, once a machine. `EVENKEEL_TEST_NODE` names another one.
 */
export function testNode(): string {
  const chosen = process.env["EVENKEEL_TEST_NODE"];
  if (chosen) return chosen;
  if (existsSync(shared)) return shared;
  const name = `node-${process.platform}-${process.arch}`;
  const binary = join(own, "node_modules", name, "bin/node");
  if (!existsSync(binary)) {
    mkdirSync(own, { recursive: true });
    const install = ["npm", "install", "--ignore-scripts", "--no-save", "--no-audit", `${name}@24`];
    // Suites may run at the same time.
    const { exitCode, stderr } = Bun.spawnSync(["flock", join(own, ".lock"), ...install], { cwd: own });
    if (exitCode !== 0) throw new Error(`Installing ${name}@24 failed: ${stderr.toString()}`);
  }
  return binary;
}

/** The Node that this machine has, whatever its version. */
export const machineNode = (): string => Bun.which("node") ?? testNode();
