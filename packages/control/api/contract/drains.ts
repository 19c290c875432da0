import { logLevels } from "@evenkeel/logs";
import { z } from "zod";
import { appParams, environmentName } from "./parameters.ts";
import { json } from "./route.ts";

export const newDrain = z.strictObject({
  /** `http`: newline-delimited JSON. */
  kind: z.enum(["http", "otlp", "syslog"]),
  url: z.url({ protocol: /^(?:https?|syslogs?)$/ }).max(2_000),
  headers: z
    .record(
      z.string().regex(/^[\w-]{1,100}$/),
      z
        .string()
        .max(4_000)
        .regex(/^[^\r\n\0]*$/),
    )
    .default({}),
  /** PEM of the authority that the server's certificate is checked by, in place of the system's. */
  ca: z.string().max(50_000).includes("-----BEGIN CERTIFICATE-----").optional(),
  environment: environmentName.optional(),
  /** This and all more severe. */
  level: z.enum(logLevels).optional(),
});
export type NewDrain = z.output<typeof newDrain>;

export interface DrainView {
  id: string;
  kind: NewDrain["kind"];
  /** Scheme and host; path and query may hold secrets. */
  to: string;
  /** Their names. */
  headers: string[];
  environment?: string;
  level?: string;
  createdAtMs: number;
  createdBy: string;
  deliveredLines: number;
  /** Lines that the log did not keep until they could be delivered. */
  lostLines: number;
  deliveredAtMs?: number;
  /** Absent: the last delivery went well. */
  failure?: { message: string; sinceMs: number; attempts: number };
}

const drainParams = z.object({ ...appParams.shape, drain: z.string().regex(/^[a-z0-9]{8}$/) });

export const drainRoutes = {
  listDrains: json<{ drains: DrainView[] }>()({
    method: "GET",
    path: "/api/apps/:app/drains",
    permission: "read",
    params: appParams,
  }),
  /** Sends what comes from now on. An address of this machine itself needs `admin`. */
  addDrain: json<DrainView>()({
    method: "POST",
    path: "/api/apps/:app/drains",
    permission: "configure",
    params: appParams,
    body: newDrain,
  }),
  removeDrain: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/drains/:drain",
    permission: "configure",
    params: drainParams,
  }),
  /** Sends one line, and tells what became of it. */
  testDrain: json<{ delivered: true }>()({
    method: "POST",
    path: "/api/apps/:app/drains/:drain/test",
    permission: "configure",
    params: drainParams,
  }),
};
