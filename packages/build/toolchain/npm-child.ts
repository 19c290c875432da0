import { ToolchainInstallError, ToolchainUnreachableError, ToolVersionUnknownError } from "../errors.ts";

/** npm gives up on a registry that refuses after seconds, and on a silent one after three minutes. */
const network = [
  "--fetch-retries=2",
  "--fetch-retry-mintimeout=1000",
  "--fetch-retry-maxtimeout=5000",
  "--fetch-timeout=60000",
];

const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];

/**
 * Runs the machine's npm, as its user has configured it (registry, proxy, certificates).
 *
 * @param what for errors: `pnpm@10`
 * @returns its standard output
 * @throws ToolchainUnreachableError, ToolVersionUnknownError, ToolchainInstallError
 */
export async function npm(args: string[], what: string, folder: string): Promise<string> {
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn(["npm", ...args, ...quiet, ...network], {
      cwd: folder,
      env: npmEnvironment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch (cause) {
    throw new ToolchainInstallError(`${what} cannot be installed: npm does not start`, {
      hint: "Install Node.js 20 or newer with npm, and see that `npm` is on PATH.",
      cause,
    });
  }
  const [exitCode, output, errors] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (exitCode === 0) return output;
  throw npmFailure(what, errors || output, exitCode);
}

const unreachableCodes =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|FETCH_ERROR|UNABLE_TO_\w+|SELF_SIGNED_CERT_IN_CHAIN|CERT_\w+|E(?:401|403|407|5\d\d))\b/;

export function npmFailure(what: string, errors: string, exitCode: number): Error {
  const unreachable = unreachableCodes.exec(errors)?.[1];
  if (unreachable !== undefined) {
    return new ToolchainUnreachableError(
      `${what} cannot be fetched: npm does not reach its registry (${unreachable})`,
      {
        hint: "Check the network, and `npm config get registry`, `proxy` and `cafile`; then try again: what came so far is kept.",
        cause: new Error(errors.trim()),
      },
    );
  }
  if (/\b(E404|ETARGET|ENOVERSIONS)\b/.test(errors)) {
    return new ToolVersionUnknownError(`${what} does not exist in npm's registry`, {
      hint: "Ask for another version in package.json's `packageManager` or `engines`.",
    });
  }
  if (/\bENOSPC\b/.test(errors)) {
    return new ToolchainInstallError(`${what} cannot be installed: the disk is full`, {
      hint: "Free disk space (a toolchain needs about 700 MiB), then try again.",
    });
  }
  return new ToolchainInstallError(
    `${what} cannot be installed: npm ended with ${exitCode}: ${lastLines(errors)}`,
    {
      hint: "Run the same `npm install` by hand to see more.",
    },
  );
}

function lastLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.includes("A complete log of this run"))
    .slice(-3)
    .join(" ")
    .slice(0, 500);
}

/** Without what an `npm run` around us left for its own scripts: it would move the prefix. */
function npmEnvironment(): Record<string, string> {
  const dropped =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(local_prefix|prefix|workspace))|INIT_CWD)/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !dropped.test(entry[0]),
    ),
  );
}
