import { environment } from "./environment.ts";

const levels = { debug: 10, info: 20, warn: 30, error: 40 } as const;
export type Level = keyof typeof levels;

/** A line of JSON. Never with telephone numbers, names, texts or secrets: ids only. */
export function log(level: Level, message: string, context: Record<string, unknown> = {}): void {
  if (levels[level] < levels[environment().LOG_LEVEL]) return;
  const { error, ...rest } = context;
  const line = JSON.stringify({
    level,
    message,
    timestamp: new Date().toISOString(),
    context: { ...rest, ...(error !== undefined && { error: textOf(error) }) },
    ...(error instanceof Error && { trace: error.stack }),
  });
  (level === "error" ? console.error : level === "warn" ? console.warn : console.log)(line);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
