import type { Formation, ProcessExit, ProcessReport } from "@evenkeel/model";
import { z } from "zod";
import { appParams, deployableEnvironment } from "./parameters.ts";
import { json, stream } from "./route.ts";

const processType = z.string().regex(/^[A-Za-z0-9_-]{1,63}$/, "a process type of the Procfile");

/** How many processes of a type there are to be, and how large each may grow; absent: as before, at first 1 GiB. */
export const processWish = z.strictObject({
  count: z.number().int().min(0).max(100),
  memoryMb: z.number().int().min(64).max(262_144).optional(),
});
export type ProcessWish = z.infer<typeof processWish>;

export interface Processes {
  /** Type → command, of what is released; `release` is among them. */
  commands: Record<string, string>;
  formation: Formation;
  processes: ProcessReport[];
}

/** `started` first, `ended` last. */
export type RunEvent =
  | { type: "started"; run: string; deployment: string }
  | { type: "output"; stream: "stdout" | "stderr"; base64: string }
  | { type: "ended"; exit: ProcessExit };

const runParams = z.object({ ...appParams.shape, run: z.string().max(40) });

const terminalSize = {
  columns: z.number().int().min(1).max(10_000),
  rows: z.number().int().min(1).max(10_000),
};

export const processRoutes = {
  listProcesses: json<Processes>()({
    method: "GET",
    path: "/api/apps/:app/processes",
    permission: "read",
    params: appParams,
    query: z.object({
      environment: deployableEnvironment.default("production"),
      branch: z.string().max(250).optional(),
    }),
  }),
  /** All or none. For what runs now, and for every deployment to come. */
  scaleProcesses: json<{ formation: Formation }>()({
    method: "PATCH",
    path: "/api/apps/:app/formation",
    permission: "configure",
    params: appParams,
    body: z.strictObject({
      environment: deployableEnvironment.default("production"),
      processes: z
        .record(processType, processWish)
        .refine((all) => Object.keys(all).length > 0, "names no process type"),
    }),
  }),
  /** New `web` processes are up before the old ones go. Answers when that is done. */
  restartProcesses: json<{ restarted: true }>()({
    method: "POST",
    path: "/api/apps/:app/processes/restart",
    permission: "deploy",
    params: appParams,
    body: z.strictObject({
      environment: deployableEnvironment.default("production"),
      /** `web`, `worker.2`; absent: all. */
      process: z.string().max(80).optional(),
    }),
  }),
  /** Runs a command beside the released deployment, with its files and its whole environment: it can show every secret. */
  runCommand: stream<RunEvent>()({
    method: "POST",
    path: "/api/apps/:app/run",
    permission: "reveal",
    isFresh: true,
    params: appParams,
    body: z.strictObject({
      environment: deployableEnvironment.default("production"),
      branch: z.string().max(250).optional(),
      /** One word: for the shell, as in a Procfile. Several: a program and its arguments. */
      command: z.array(z.string().max(100_000)).min(1).max(1_000),
      memoryMb: processWish.shape.memoryMb,
      /** The command has a terminal of this size and kind (`TERM`); what it prints comes as `stdout`. */
      terminal: z.strictObject({ ...terminalSize, kind: z.string().regex(/^[\w.+-]{1,64}$/) }).optional(),
    }),
  }),
  writeRunInput: json<{ written: true }>()({
    method: "POST",
    path: "/api/apps/:app/runs/:run/input",
    permission: "reveal",
    params: runParams,
    body: z.union([
      z.strictObject({ type: z.literal("input"), base64: z.string().max(512 * 1024) }),
      z.strictObject({ type: z.literal("endInput") }),
      z.strictObject({ type: z.literal("resize"), ...terminalSize }),
      z.strictObject({
        type: z.literal("signal"),
        signal: z.enum(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]),
      }),
    ]),
  }),
};
