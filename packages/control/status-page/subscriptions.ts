import { randomBytes } from "node:crypto";
import { type AppName, randomId } from "@evenkeel/model";
import type { Message, MessageEvent } from "@evenkeel/notify";
import type { Place } from "../apps/hosts.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import type { IncidentRow } from "../incidents/incident-store.ts";
import { channelSealedFor, insertChannel } from "../notifications/channel-store.ts";
import { messageIncident, subjectOf } from "../notifications/incident-words.ts";
import { queueNotification } from "../notifications/outbox-store.ts";
import type { Vault } from "../vault/vault.ts";

export interface SubscriptionParts {
  database: Database;
  vault: Vault;
  place: Place;
  /** Something is to be sent. */
  onQueued(): void;
}

/** Who asks again and again is sent one mail in so long. */
const askAgainMs = 10 * 60_000;
/** Of all who ask, so that nobody uses the page to write to others. */
const mostAskedPerMinute = 30;

/** Those who follow status pages: by mail once they have confirmed it, and by webhook. */
export class Subscriptions {
  private readonly askedAtMs: number[] = [];
  private spreading: Promise<void> | undefined;
  private again = false;

  constructor(private readonly parts: SubscriptionParts) {}

  /** Answers alike whatever it finds: nobody learns who follows a page. */
  async ask(app: AppName | null, email: string): Promise<void> {
    if (!this.admits()) return;
    await this.parts.database.transaction(async (connection) => {
      const channel = await mailChannel(connection, app);
      if (!channel) return;
      const row = await first(
        connection.query<{ id: number; token: string }>(
          `INSERT INTO status_subscribers (app, email, token) VALUES ($1, $2, $3)
           ON CONFLICT (coalesce(app, ''), lower(email)) WHERE email IS NOT NULL DO UPDATE SET asked_at = now()
           WHERE status_subscribers.confirmed_at IS NULL AND status_subscribers.asked_at < now() - make_interval(secs => $4)
           RETURNING id, token`,
          [app, email, newToken(), askAgainMs / 1_000],
        ),
      );
      if (!row) return;
      const what = app ?? "the platform";
      const message: Message = {
        ...{ id: `confirm-${row.id}-${Date.now()}`, event: "confirm", atMs: Date.now(), to: email },
        subject: `Confirm: follow the status of ${what}`,
        text: `Somebody, probably you, wants to be told of incidents of ${what} at this address. Confirm it by this link; without that you hear nothing more.`,
        url: `${this.origin}/subscriptions/confirm?token=${row.token}`,
      };
      await queueNotification(connection, { dedupKey: message.id, channel, lane: "team", message });
    });
    this.parts.onQueued();
  }

  /** Whoever has the address of a webhook is its owner; the secret is shown once. */
  async addWebhook(
    app: AppName | null,
    url: string,
  ): Promise<{ secret: string; leaveUrl: string } | undefined> {
    if (!this.admits()) return undefined;
    const id = randomId(8);
    const secret = `whsec_${randomBytes(24).toString("base64")}`;
    const token = newToken();
    await this.parts.database.transaction(async (connection) => {
      await insertChannel(connection, {
        ...{
          id,
          app,
          name: `subscriber-${id}`,
          kind: "webhook",
          person: null,
          sandbox: null,
          isLocal: false,
        },
        ...{ template: null, fallback: null, createdBy: "subscriber" },
        sealed: this.parts.vault.seal(JSON.stringify({ url, secret }), channelSealedFor({ app, id })),
      });
      await connection.query("UPDATE notification_channels SET is_subscriber = true WHERE id = $1", [id]);
      await connection.query(
        "INSERT INTO status_subscribers (app, channel, token, confirmed_at) VALUES ($1, $2, $3, now())",
        [app, id, token],
      );
    });
    return { secret, leaveUrl: this.leaveUrl(token) };
  }

  /** @returns whether there is one to confirm */
  async confirm(token: string): Promise<boolean> {
    const rows = await this.parts.database.query(
      "UPDATE status_subscribers SET confirmed_at = coalesce(confirmed_at, now()) WHERE token = $1 RETURNING 1",
      [token],
    );
    return rows.length > 0;
  }

  async leave(token: string): Promise<void> {
    await this.parts.database.query(
      `WITH gone AS (DELETE FROM status_subscribers WHERE token = $1 RETURNING channel)
       DELETE FROM notification_channels WHERE is_subscriber AND id IN (SELECT channel FROM gone)`,
      [token],
    );
  }

  /** Within the transaction of what it tells of. */
  async announce(
    connection: Connection,
    incident: IncidentRow,
    event: MessageEvent,
    text: string,
    { key, url }: { key: string; url: string | undefined },
  ): Promise<void> {
    if (!incident.app || incident.environment !== "production") return;
    const message: Omit<Message, "id"> = {
      ...{ event, atMs: Date.now(), text },
      subject: subjectOf(event, { ...incident, severity: "", title: incident.phase })
        .replace(/\s+/g, " ")
        .trim(),
      ...(url !== undefined && { url }),
      incident: messageIncident(
        { ...incident, title: text.split("\n")[0]!.slice(0, 200) },
        { key, sequence: 0 },
      ),
    };
    await connection.query("INSERT INTO status_announcements (app, incident, message) VALUES ($1, $2, $3)", [
      ...[incident.app, incident.id, JSON.stringify(message)],
    ]);
  }

  /** Tells each who follows what was announced: one commit for each announcement, after that which it tells of. */
  spread(): void {
    this.again = true;
    this.spreading ??= (async () => {
      while (this.again) {
        this.again = false;
        await this.spreadAll();
      }
    })()
      .catch((error) => {
        if (!(error instanceof DatabaseUnavailableError)) console.error("control: subscribers:", error);
      })
      .finally(() => {
        this.spreading = undefined;
      });
  }

  async stop(): Promise<void> {
    await this.spreading;
  }

  private async spreadAll(): Promise<void> {
    const { database } = this.parts;
    for (;;) {
      const isDone = await database.transaction(async (connection) => {
        const row = await first(
          connection.query<{ id: number; app: AppName; incident: number; message: object; created_at: Date }>(
            `SELECT id, app, incident, message, created_at FROM status_announcements WHERE spread_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`,
          ),
        );
        if (!row) return true;
        await connection.query("UPDATE status_announcements SET spread_at = now() WHERE id = $1", [row.id]);
        const mail = await mailChannel(connection, row.app);
        await connection.query(
          `INSERT INTO notifications (dedup_key, channel, incident, lane, message)
           SELECT 'a' || $1 || '.s' || id, coalesce(channel, $2), $3, 'subscribers',
             $4::jsonb || jsonb_build_object('id', 'a' || $1 || '-s' || id, 'unsubscribeUrl', $5 || token)
               || CASE WHEN email IS NULL THEN '{}' ELSE jsonb_build_object('to', email) END
           FROM status_subscribers WHERE confirmed_at <= $7 AND (app IS NULL OR app = $6) AND coalesce(channel, $2) IS NOT NULL
           ON CONFLICT (dedup_key) DO NOTHING`,
          [
            String(row.id),
            mail ?? null,
            row.incident,
            JSON.stringify(row.message),
            this.leaveUrl(""),
            row.app,
            row.created_at,
          ],
        );
        return false;
      });
      if (isDone) return;
      this.parts.onQueued();
    }
  }

  private admits(): boolean {
    const nowMs = Date.now();
    while (this.askedAtMs[0] !== undefined && nowMs - this.askedAtMs[0] > 60_000) this.askedAtMs.shift();
    if (this.askedAtMs.length >= mostAskedPerMinute) return false;
    this.askedAtMs.push(nowMs);
    return true;
  }

  private leaveUrl(token: string): string {
    return `${this.origin}/subscriptions/leave?token=${token}`;
  }

  private get origin(): string {
    const { domain, port } = this.parts.place;
    return `http://status.${domain}${port === 80 ? "" : `:${port}`}`;
  }
}

const newToken = (): string => randomBytes(24).toString("base64url");

/** By which mail goes to those outside: one that is named for it, else any of the app, else of the platform. */
async function mailChannel(connection: Connection, app: AppName | null): Promise<string | undefined> {
  const row = await first(
    connection.query<{ id: string }>(
      `SELECT id FROM notification_channels WHERE kind = 'smtp' AND (app IS NULL OR app = $1)
       ORDER BY lower(name) NOT IN ('email_customers', 'subscribers'), app IS NULL, created_at LIMIT 1`,
      [app],
    ),
  );
  return row?.id;
}
