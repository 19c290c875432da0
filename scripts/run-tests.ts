/**
 * Runs each test file in a process of its own: what one file leaks (sockets, globals, memory) cannot reach another.
 * Two run at a time; end-to-end tests, which start whole platforms, after the others.
 *
 * A file that fails is run once more when nothing else runs. If it passes then, it counts as passed and is named as
 * unsteady in the summary, so that a busy machine does not hide real faults and unsteady tests do not stay unseen.
 */
import { readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
/** No single file may take longer; a hang is a failure, not a stuck run. */
const fileLimitMs = 12 * 60_000;

interface FileResult {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  output: string;
  seconds: number;
}

async function runFile(file: string): Promise<FileResult> {
  const report = join(tmpdir(), `ek-junit-${process.pid}-${file.replaceAll("/", "_")}.xml`);
  const startedAt = performance.now();
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      `./${file}`,
    ],
    { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, NO_COLOR: "1" } },
  );
  const limit = setTimeout(() => child.kill("SIGKILL"), fileLimitMs);
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(limit);
  const counts = readCounts(report);
  rmSync(report, { force: true });
  // A crash before, between or after the tests has no failed test to show for it.
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return { file, ...counts, output: stdout + stderr, seconds: (performance.now() - startedAt) / 1000 };
}

function readCounts(report: string): { passed: number; failed: number; skipped: number } {
  try {
    const suites = /<testsuites [^>]*>/.exec(readFileSync(report, "utf8"))?.[0] ?? "";
    const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suites)?.[1] ?? 0);
    const failed = count("failures") + count("errors");
    return { failed, skipped: count("skipped"), passed: count("tests") - failed - count("skipped") };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function show(result: FileResult): void {
  const verdict = result.failed > 0 ? "FAIL" : "ok  ";
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : "";
  console.log(
    `${verdict} ${result.file}  ${result.passed} passed, ${result.failed} failed${skipped} in ${result.seconds.toFixed(1)} s`,
  );
  if (result.failed > 0) console.log(result.output.replace(/^/gm, "     | "));
}

async function runAll(files: string[], atOnce: number): Promise<FileResult[]> {
  const waiting = [...files];
  const results: FileResult[] = [];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file);
      results.push(result);
      show(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

const wanted = process.argv.slice(2);
const all = [...new Bun.Glob("{packages,scripts,e2e,bench,chaos}/**/*.test.{ts,tsx}").scanSync({ cwd: root })]
  .filter((file) => !file.includes("node_modules") && !file.startsWith("e2e/fixtures/"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (all.length === 0) {
  console.error(`No test file matches ${wanted.join(", ")}.`);
  process.exit(2);
}
const isEndToEnd = (file: string) => file.startsWith("e2e/");
const atOnce = Math.min(2, availableParallelism());
const results = [
  ...(await runAll(
    all.filter((file) => !isEndToEnd(file)),
    atOnce,
  )),
  ...(await runAll(all.filter(isEndToEnd), atOnce)),
];

const unsteady: string[] = [];
for (const [index, first] of results.entries()) {
  if (first.failed === 0) continue;
  console.log(`\nOnce more, alone: ${first.file}`);
  const second = await runFile(first.file);
  show(second);
  results[index] = second;
  if (second.failed === 0) unsteady.push(first.file);
}

const sum = (key: "passed" | "failed" | "skipped") =>
  results.reduce((total, result) => total + result[key], 0);
if (unsteady.length > 0) {
  console.log(`\nUnsteady, passed only when run again: ${unsteady.join(", ")}`);
}
const skipped = sum("skipped");
console.log(`\n${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(sum("failed") > 0 || sum("passed") === 0 ? 1 : 0);
