import { SystemPackagesMissingError } from "../errors.ts";

/**
 * The Debian packages that an Aptfile names, in the form of Heroku's apt buildpack: one a line, `#` for comments. Lines for
 * repositories (`:repo:`) and addresses of `.deb` files cannot be looked up and are left out.
 */
export function parseAptfile(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim());
  return [...new Set(lines.flatMap((line) => line.split(/\s+/)))].filter((word) =>
    /^[a-z0-9][a-z0-9+.-]*(?::[a-z0-9-]+)?$/.test(word),
  );
}

/** Those of the packages that this machine does not have; `undefined` where it has no dpkg to ask. */
export function missingSystemPackages(packages: string[]): string[] | undefined {
  if (packages.length === 0) return [];
  const query = Bun.which("dpkg-query");
  if (!query) return undefined;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const format = "${Package} ${db:Status-Status}\\n";
  const asked = Bun.spawnSync([query, "--show", "--showformat", format, ...packages], {
    stdin: "ignore",
    stderr: "ignore",
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  const installed = new Set(
    asked.stdout
      .toString()
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return packages.filter((name) => !installed.has(name.split(":")[0]));
}

/**
 * Looks whether the machine has what an app's Aptfile names. The platform installs nothing there: that is its administrator's to do, once.
 *
 * @returns a note for the log where it cannot be known
 * @throws SystemPackagesMissingError (`system_packages_missing`)
 */
export function requireSystemPackages(packages: string[]): string | undefined {
  const missing = missingSystemPackages(packages);
  if (missing === undefined) {
    return `The Aptfile names ${packages.join(", ")}; whether this machine has them cannot be looked up without dpkg`;
  }
  if (missing.length === 0) return undefined;
  throw new SystemPackagesMissingError(
    `This machine lacks system packages that the Aptfile names: ${missing.join(", ")}`,
    { hint: `Install them, then deploy again: apt-get install ${missing.join(" ")}` },
  );
}
