import type { z } from "zod";
import schema from "../env.ts";

export type Environment = z.infer<typeof schema>;

let read: Environment | undefined;

/** The variables, checked once. Says every one that is missing or wrong, never its value. */
export function environment(): Environment {
  if (read) return read;
  const parsed = schema.safeParse(process.env);
  if (!parsed.success) {
    throw new Error(
      `The environment is not complete: ${parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ")}`,
    );
  }
  read = parsed.data;
  return read;
}

/** Where the world reaches this app, without a slash at the end. Never taken from a request: proxies and attackers write those. */
export function publicUrl(): string {
  const { PUBLIC_URL, VERCEL_ENV, VERCEL_PROJECT_PRODUCTION_URL, VERCEL_BRANCH_URL, VERCEL_URL } =
    environment();
  if (PUBLIC_URL) return PUBLIC_URL.replace(/\/+$/, "");
  const host =
    VERCEL_ENV === "production" ? VERCEL_PROJECT_PRODUCTION_URL : (VERCEL_BRANCH_URL ?? VERCEL_URL);
  if (!host)
    throw new Error("PUBLIC_URL is not set, and the host does not say under which name this app is reached");
  return /^https?:/.test(host)
    ? host
    : `${/^localhost|\.localhost(:|$)/.test(host) ? "http" : "https"}://${host}`;
}
