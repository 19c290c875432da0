import { ToolMissingError } from "../errors.ts";

interface Tool {
  /** Debian's package of it. */
  aptPackage: string;
  /** Prints its version somewhere in its output. */
  versionArguments: string[];
}

const tools = {
  wrk: { aptPackage: "wrk", versionArguments: ["-v"] },
  nginx: { aptPackage: "nginx", versionArguments: ["-v"] },
  haproxy: { aptPackage: "haproxy", versionArguments: ["-v"] },
  caddy: { aptPackage: "caddy", versionArguments: ["version"] },
  pgbackrest: { aptPackage: "pgbackrest", versionArguments: ["version"] },
  // Of postgresql-common; the servers themselves stand where no PATH leads.
  pg_ctlcluster: { aptPackage: "postgresql", versionArguments: ["--version"] },
  taskset: { aptPackage: "util-linux", versionArguments: ["--version"] },
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

/** Servers stand in `/usr/sbin`, which is not in everybody's PATH. */
const searchPath = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** @throws ToolMissingError, with the one command that installs all that are missing */
export function requireTools(names: Iterable<ToolName>): void {
  const missing = [...new Set(names)].filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return;
  throw new ToolMissingError(`Not installed, but measured with or against: ${missing.join(", ")}`, {
    hint: `On Debian: apt-get install ${missing.map((name) => tools[name].aptPackage).join(" ")}`,
  });
}

/** The path of a tool that `requireTools` has seen. */
export function toolPath(name: ToolName): string {
  requireTools([name]);
  return findTool(name)!;
}

export function toolVersion(name: ToolName): string {
  const { stdout, stderr } = Bun.spawnSync([toolPath(name), ...tools[name].versionArguments]);
  return /\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? "unknown";
}

const findTool = (name: ToolName): string | undefined => Bun.which(name, { PATH: searchPath }) ?? undefined;
