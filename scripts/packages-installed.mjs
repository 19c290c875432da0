// Exit code 0 when node_modules holds what package-lock.json names for this machine. Run by Node, before there is a Bun.
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).packages;
try {
  const wanted = read("../package-lock.json");
  const present = read("../node_modules/.package-lock.json");
  const lacking = Object.entries(wanted).find(
    // Optional packages are for other machines unless they are there.
    ([path, entry]) =>
      path.startsWith("node_modules/") &&
      !entry.optional &&
      !entry.link &&
      present[path]?.version !== entry.version,
  );
  process.exit(lacking ? 1 : 0);
} catch {
  process.exit(1);
}
