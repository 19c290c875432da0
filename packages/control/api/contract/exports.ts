import { z } from "zod";
import { type ExportCount, type ExportKind, exportKinds } from "../../exports/export-state.ts";
import { newDrain } from "./drains.ts";
import { appParams } from "./parameters.ts";
import { json } from "./route.ts";

export const newExport = z.strictObject({
  /** Of OTLP/HTTP; `/v1/metrics` and its like come behind it. */
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  headers: newDrain.shape.headers,
  kinds: z
    .array(z.enum(exportKinds))
    .min(1)
    .default([...exportKinds])
    .transform((kinds) => [...new Set(kinds)]),
  /** Absent: of all apps, and of the platform itself. */
  app: appParams.shape.app.optional(),
});
export type NewExport = z.output<typeof newExport>;

export interface ExportView {
  id: string;
  /** Scheme and host; path and query may hold secrets. */
  to: string;
  /** Their names. */
  headers: string[];
  kinds: ExportKind[];
  app?: string;
  createdAtMs: number;
  createdBy: string;
  /** Points, lines and spans. */
  counts: Partial<Record<ExportKind, ExportCount>>;
  sentAtMs?: number;
  /** By kind; absent: the last delivery went well. */
  failures: Partial<Record<ExportKind, { message: string; sinceMs: number; attempts: number }>>;
}

const exportParams = z.object({ export: z.string().regex(/^[a-z0-9]{8}$/) });

export const exportRoutes = {
  listExports: json<{ exports: ExportView[] }>()({
    method: "GET",
    path: "/api/exports",
    permission: "admin",
  }),
  /** Sends what comes from now on. */
  addExport: json<ExportView>()({
    method: "POST",
    path: "/api/exports",
    permission: "admin",
    body: newExport,
  }),
  removeExport: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/exports/:export",
    permission: "admin",
    params: exportParams,
  }),
  /** Sends an empty request of each kind, and tells what became of it. */
  testExport: json<{ delivered: true }>()({
    method: "POST",
    path: "/api/exports/:export/test",
    permission: "admin",
    params: exportParams,
  }),
};
