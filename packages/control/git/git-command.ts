import { GitFailedError } from "../errors.ts";

/**
 * What git of the platform may see: no configuration of the machine or of a person, no prompts, no pager, no lazy fetching.
 */
export const gitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  LC_ALL: "C",
};

/** Runs git to its end. @returns its standard output @throws GitFailedError */
export async function runGit(
  words: string[],
  options: { environment?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<string> {
  const child = Bun.spawn(["git", ...words], {
    env: { ...gitEnvironment, ...options.environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const [output, problem, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  options.signal?.throwIfAborted();
  if (exitCode !== 0)
    throw new GitFailedError(words.find((word) => /^[a-z][a-z-]+$/.test(word)) ?? "git", problem);
  return output;
}
