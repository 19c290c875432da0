import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How long each instance of a failing version behaves: no test before its release can tell. */
export const soundForMs = 12_000;

const runbook = `// When more than 5 % of its visitors are failed, the release before is brought back.
export default {
  rollbackTriggers: {
    error_rate: { threshold: "5%", window: "20 seconds", action: "immediate_rollback" },
  },
};
`;

/**
 * Writes an app as one would write it for Vercel: a page, a function, and a runbook beside them.
 *
 * @param version what it answers in `x-version`
 * @param fails every second answer is a 500, some seconds after an instance has started
 */
export function writeFailingApp(folder: string, version: string, fails: boolean): void {
  mkdirSync(join(folder, "api"), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "demo", private: true, type: "module" }),
  );
  writeFileSync(join(folder, "index.html"), `<!doctype html><title>Demo</title><h1>${version}</h1>\n`);
  writeFileSync(join(folder, "runbook.ts"), runbook);
  writeFileSync(
    join(folder, "api/hello.js"),
    `const startedAt = Date.now();
let asked = 0;
export default (request, response) => {
  const broken = ${fails} && Date.now() - startedAt > ${soundForMs} && asked++ % 2 === 0;
  response.setHeader("x-version", ${JSON.stringify(version)});
  response.status(broken ? 500 : 200).send(broken ? "broken" : "hello");
};
`,
  );
}
