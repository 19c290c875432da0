import type { AppName } from "@evenkeel/model";
import { type ChannelKindName, channelKindNames } from "@evenkeel/notify";
import { z } from "zod";
import { appName, appParams, deployableEnvironment, page } from "./parameters.ts";
import { json } from "./route.ts";

const channelName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,59}$/i, "is no name of a channel");

export const newChannel = z.strictObject({
  /** As runbooks call it: `slack_alert`. */
  name: channelName,
  kind: z.enum(channelKindNames),
  /** Of the kind; secrets among them are sealed and never shown again. */
  settings: z.record(z.string().max(60), z.unknown()).default({}),
  /** Whose it is, as the rotation calls them. */
  person: z.string().trim().min(1).max(100).optional(),
  /** Words with fields, `{severity} {service}: {title}`; checked here. */
  template: z.string().min(1).max(4_000).optional(),
  /** The channel that takes over where this one fails. */
  fallback: channelName.optional(),
  /** Leads to the twin of this account of the sandbox. */
  sandbox: z
    .strictObject({ app: appName, environment: z.union([deployableEnvironment, z.literal("development")]) })
    .optional(),
});
export type NewChannel = z.output<typeof newChannel>;

export interface ChannelView {
  id: string;
  /** Absent: of the platform, for all apps. */
  app?: AppName;
  name: string;
  kind: ChannelKindName;
  /** Where it leads, without secrets. */
  to: string;
  isPager: boolean;
  person?: string;
  template?: string;
  fallback?: string;
  sandbox?: string;
  createdAtMs: number;
  createdBy: string;
  /** Absent: it takes messages, as far as is known. */
  failing?: { sinceMs: number; attempts: number; error: string };
}

export interface NotificationView {
  id: number;
  channel: string;
  kind: ChannelKindName;
  incident?: number;
  lane: "page" | "team" | "subscribers";
  event: string;
  subject: string;
  /** - `sending`: begun, and nobody knows yet what came of it. */
  state: "queued" | "sending" | "sent" | "failed";
  attempts: number;
  createdAtMs: number;
  begunAtMs?: number;
  endedAtMs?: number;
  nextAtMs?: number;
  /** The provider's name of it. */
  reference?: string;
  error?: { code: string; message: string };
  /** Of an attempt that was cut off: it may have arrived twice. */
  mayBeRepeated?: true;
}

const named = { channel: channelName };
const listed = { ...page, before: z.coerce.number().int().optional() };

export const notificationRoutes = {
  listChannels: json<{ channels: ChannelView[] }>()({
    method: "GET",
    path: "/api/apps/:app/channels",
    permission: "read",
    params: appParams,
  }),
  /** An address of this machine itself needs `admin`. */
  addChannel: json<ChannelView>()({
    method: "POST",
    path: "/api/apps/:app/channels",
    permission: "configure",
    params: appParams,
    body: newChannel,
  }),
  removeChannel: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/channels/:channel",
    permission: "configure",
    params: z.object({ ...appParams.shape, ...named }),
  }),
  /** Sends one message and tells what became of it. */
  testChannel: json<{ sent: true; reference?: string }>()({
    method: "POST",
    path: "/api/apps/:app/channels/:channel/test",
    permission: "configure",
    params: z.object({ ...appParams.shape, ...named }),
  }),
  /** What was told, newest first. */
  listNotifications: json<{ notifications: NotificationView[] }>()({
    method: "GET",
    path: "/api/apps/:app/notifications",
    permission: "read",
    params: appParams,
    query: z.object(listed),
  }),
  /** The same of the platform itself. */
  listPlatformChannels: json<{ channels: ChannelView[] }>()({
    method: "GET",
    path: "/api/channels",
    permission: "admin",
  }),
  addPlatformChannel: json<ChannelView>()({
    method: "POST",
    path: "/api/channels",
    permission: "admin",
    body: newChannel,
  }),
  removePlatformChannel: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/channels/:channel",
    permission: "admin",
    params: z.object(named),
  }),
  testPlatformChannel: json<{ sent: true; reference?: string }>()({
    method: "POST",
    path: "/api/channels/:channel/test",
    permission: "admin",
    params: z.object(named),
  }),
  listPlatformNotifications: json<{ notifications: NotificationView[] }>()({
    method: "GET",
    path: "/api/notifications",
    permission: "admin",
    query: z.object(listed),
  }),
};
