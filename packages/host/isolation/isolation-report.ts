import { closeSync, readFileSync } from "node:fs";
import type { HomeLayout } from "@evenkeel/model";
import { cgroupName } from "./linux/cgroup/cgroup-name.ts";
import { findCgroupTree } from "./linux/cgroup/find-tree.ts";
import { confinement } from "./linux/confinement.ts";
import { libc, openTree } from "./linux/kernel.ts";

/** One condition of isolation, for `evenkeel doctor`. */
export interface IsolationCheck {
  name: string;
  ok: boolean;
  /** What is missing and how to get it; absent when ok. */
  missing?: string;
  remedy?: string;
}

export interface IsolationReport {
  /** Whether instances run in private roots with own uids and limits. If not, they are plain child processes with the platform's rights. */
  isolated: boolean;
  checks: IsolationCheck[];
}

/** Bits of the capability sets (capabilities(7)) that the host itself needs. */
const neededCapabilities = {
  chown: 0,
  dac_override: 1,
  kill: 5,
  setgid: 6,
  setuid: 7,
  setpcap: 8,
  sys_admin: 21,
};

/** What this machine lacks for isolating instances; looks anew at each call and changes nothing but empty control groups. */
export function isolationReport(layout: HomeLayout): IsolationReport {
  const checks: IsolationCheck[] = [];
  const check = (name: string, missing: string | undefined, remedy: string) =>
    checks.push(missing === undefined ? { name, ok: true } : { name, ok: false, missing, remedy });

  const linux = process.platform === "linux";
  check(
    "linux",
    linux ? undefined : "only Linux has the namespaces and control groups that isolate instances",
    "Run apps that you do not trust on Linux; on macOS, in a Linux virtual machine.",
  );
  if (!linux) return { isolated: false, checks };

  check(
    "root",
    process.getuid!() === 0 ? undefined : `the platform runs as uid ${process.getuid!()}`,
    "Start `evenkeel up` as root: it gives each app a uid of its own.",
  );
  check(
    "capabilities",
    lackingCapabilities(),
    "Start the container with --privileged, or without dropping these capabilities.",
  );
  check(
    "namespaces",
    failureOfConfinement(),
    "Install util-linux 2.33 or newer (Debian, Ubuntu: apt-get install util-linux; Alpine: apk add util-linux setpriv), and allow unshare(2) if this is a container.",
  );
  check(
    "kernel",
    lackingKernelCalls(),
    "Use Linux 5.2 or newer, and a container profile that allows mount(2).",
  );
  const tree = findCgroupTree(cgroupName(layout.home));
  check(
    "cgroups",
    "missing" in tree ? tree.missing : undefined,
    "Give the platform control groups: run it outside a container, or with --privileged and --cgroupns=private.",
  );
  return { isolated: checks.every(({ ok }) => ok), checks };
}

function lackingCapabilities(): string | undefined {
  const effective = BigInt(
    `0x${/^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? 0}`,
  );
  const lacking = Object.entries(neededCapabilities).filter(([, bit]) => !((effective >> BigInt(bit)) & 1n));
  return lacking.length === 0
    ? undefined
    : `lacking: ${lacking.map(([name]) => `CAP_${name.toUpperCase()}`).join(", ")}`;
}

/** Found out by doing it: other programs of these names lack options, and containers forbid the calls in many ways. */
function failureOfConfinement(): string | undefined {
  const lacking = ["unshare", "setpriv"].filter((name) => Bun.which(name) === null);
  if (lacking.length > 0) return `not installed: ${lacking.join(", ")}`;
  const { exitCode, stderr } = Bun.spawnSync([...confinement, "true"], { stderr: "pipe" });
  return exitCode === 0 ? undefined : stderr.toString().trim().split("\n")[0];
}

function lackingKernelCalls(): string | undefined {
  try {
    libc();
    closeSync(openTree("/usr"));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
