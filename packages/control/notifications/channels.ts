import { readFileSync } from "node:fs";
import { type AppName, EvenkeelError, type HomeLayout, randomId, type SandboxRoutes } from "@evenkeel/model";
import { type Channel, ChannelInvalidError, channelKinds, type Message, type Sent } from "@evenkeel/notify";
import { MessageTemplate } from "@evenkeel/runbook";
import { z } from "zod";
import type { ChannelView, NewChannel } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { ChannelTakenError, ChannelUnknownError } from "../errors.ts";
import type { SandboxLink } from "../sandbox/sandbox-link.ts";
import type { Vault } from "../vault/vault.ts";
import {
  allChannels,
  type ChannelRow,
  channelSealedFor,
  channelsOf,
  insertChannel,
} from "./channel-store.ts";

export interface ChannelParts {
  layout: HomeLayout;
  database: Database;
  vault: Vault;
  sandbox: Pick<SandboxLink, "attach">;
}

/** Ways to tell people: their rows, and what is open for sending. */
export class Channels {
  private readonly opened = new Map<string, Channel>();

  constructor(private readonly parts: ChannelParts) {}

  /**
   * All that is wrong with its settings is told now, not in the night in which it is needed.
   *
   * @throws ChannelInvalidError, ChannelTakenError, InvalidValueError of its template
   */
  async add(app: AppName | null, wish: NewChannel & { isLocal: boolean }, who: string): Promise<ChannelView> {
    const { name, kind, person, template, fallback, sandbox, isLocal } = wish;
    if (template !== undefined) MessageTemplate.read(template);
    const id = randomId(8);
    const settings = sandbox ? await this.twinSettings(kind, wish.settings, sandbox) : wish.settings;
    const read = readSettings(kind, settings);
    // Of a twin only what differs from its account is kept: its ports change.
    const kept = sandbox ? wish.settings : read;
    const row = {
      ...{ id, app, name, kind, person: person ?? null, sandbox: sandbox ?? null },
      ...{
        isLocal: isLocal || sandbox !== undefined,
        template: template ?? null,
        fallback: fallback ?? null,
      },
      sealed: this.parts.vault.seal(JSON.stringify(kept), channelSealedFor({ app, id })),
      createdBy: who,
    };
    await this.parts.database.transaction(async (connection) => {
      const others = await channelsOf(connection, app);
      if (fallback !== undefined && !others.some((other) => sameName(other.name, fallback)))
        throw new ChannelUnknownError(fallback);
      if (!(await insertChannel(connection, row))) throw new ChannelTakenError(name);
      await record(connection, {
        ...{ who, action: "channel.add", object: name, detail: { kind } },
        ...(app !== null && { app }),
      });
    });
    return this.find(app, name);
  }

  async remove(app: AppName | null, name: string, who: string): Promise<void> {
    const { id } = await this.row(app, name);
    await this.parts.database.transaction(async (connection) => {
      await connection.query("DELETE FROM notification_channels WHERE id = $1", [id]);
      await record(connection, { who, action: "channel.remove", object: name, ...(app !== null && { app }) });
    });
    this.forget(id);
  }

  /** Of an app and, where `app` is null, of the platform itself. */
  async list(app: AppName | null): Promise<ChannelView[]> {
    const rows = await channelsOf(this.parts.database, app);
    return rows.map((row) => this.view(row));
  }

  async find(app: AppName | null, name: string): Promise<ChannelView> {
    return this.view(await this.row(app, name));
  }

  /** Sends one message past the outbox. @throws ChannelUnknownError, MessageRefusedError, ChannelUnavailableError */
  async test(app: AppName | null, name: string): Promise<Sent> {
    const row = await this.row(app, name);
    const message: Message = {
      ...{ id: `test-${randomId(12)}`, event: "test", atMs: Date.now() },
      subject: `Test of ${row.name}${app === null ? "" : ` of ${app}`}`,
      text: "This is a test of a channel for incidents. Nothing is wrong.",
    };
    return (await this.open(row)).send(message);
  }

  /** Of a row; open until it fails to connect, or is removed. @throws ChannelInvalidError, VaultKeyMismatchError */
  async open(row: ChannelRow): Promise<Channel> {
    const known = this.opened.get(row.id);
    if (known) return known;
    const kept = this.settingsOf(row);
    const settings = row.sandbox ? await this.twinSettings(row.kind, kept, row.sandbox) : kept;
    const channel = channelKinds[row.kind].open(readSettings(row.kind, settings) as never, {
      isLocal: row.isLocal,
    });
    this.opened.set(row.id, channel);
    return channel;
  }

  /** It is opened anew the next time: a twin may have another port, a server another address. */
  forget(id: string): void {
    this.opened.get(id)?.close();
    this.opened.delete(id);
  }

  close(): void {
    for (const id of [...this.opened.keys()]) this.forget(id);
  }

  async all(): Promise<ChannelRow[]> {
    return allChannels(this.parts.database);
  }

  private settingsOf(row: ChannelRow): Record<string, unknown> {
    return JSON.parse(this.parts.vault.unseal(row.sealed, channelSealedFor(row)));
  }

  private async twinSettings(
    kind: ChannelRow["kind"],
    given: Record<string, unknown>,
    of: { app: AppName; environment: string },
  ): Promise<Record<string, unknown>> {
    const { twin } = channelKinds[kind];
    if (!twin) {
      throw new ChannelInvalidError(`The sandbox has no twin for a channel of the kind ${kind}`);
    }
    const { variables } = await this.parts.sandbox.attach(of);
    const own = variables[twin.provider];
    if (!own) throw new ChannelInvalidError(`The sandbox has no account of ${of.app} in ${of.environment}`);
    const routes = JSON.parse(readFileSync(this.parts.layout.sandboxRoutes, "utf8")) as SandboxRoutes;
    const baseUrl = `http://127.0.0.1:${routes.port}/${twin.provider}`;
    return { ...(kind === "pagerduty" && { baseUrl }), ...twin.settings(own), ...given };
  }

  private async row(app: AppName | null, name: string): Promise<ChannelRow> {
    const rows = await channelsOf(this.parts.database, app);
    const row = rows.find((each) => each.app === app && sameName(each.name, name));
    if (!row) throw new ChannelUnknownError(name);
    return row;
  }

  private view(row: ChannelRow): ChannelView {
    const { id, app, name, kind, person, sandbox, template, fallback, failing } = row;
    return {
      ...{ id, name, kind, to: this.describe(row), createdAtMs: row.createdAt.getTime() },
      ...{ createdBy: row.createdBy, isPager: channelKinds[kind].isPager },
      ...(app !== null && { app }),
      ...(person !== null && { person }),
      ...(sandbox && { sandbox: `${sandbox.app}/${sandbox.environment}` }),
      ...(template !== null && { template }),
      ...(fallback !== null && { fallback }),
      ...(failing && { failing }),
    };
  }

  private describe(row: ChannelRow): string {
    try {
      const settings = this.settingsOf(row);
      if (row.sandbox) {
        const to = settings["to"];
        return `sandbox${Array.isArray(to) ? `: ${to.join(", ")}` : ""}`;
      }
      return channelKinds[row.kind].describe(settings as never);
    } catch (error) {
      return error instanceof EvenkeelError ? error.message : "its settings cannot be read";
    }
  }
}

/** `slack-alert`, `slack_alert` and `Slack alert` are one. */
export const sameName = (one: string, other: string): boolean => plainName(one) === plainName(other);
export const plainName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, "_");

function readSettings(kind: ChannelRow["kind"], given: unknown): Record<string, unknown> {
  const result = channelKinds[kind].settings.safeParse(given);
  if (result.success) return result.data as Record<string, unknown>;
  throw new ChannelInvalidError(
    `The settings of the channel are not valid: ${z.prettifyError(result.error).replace(/\s+/g, " ").slice(0, 500)}`,
    { hint: `\`evenkeel notify channels add --help\` names those of the kind ${kind}.` },
  );
}
