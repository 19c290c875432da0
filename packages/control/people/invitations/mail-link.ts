import { EvenkeelError, randomId } from "@evenkeel/model";
import type { Linked } from "../../api/contract/index.ts";
import type { Channels } from "../../notifications/channels.ts";

/**
 * Sends a link by the platform's own mail channel. Not by the outbox, whose rows would keep the link.
 *
 * @returns `none`: there is no such channel; `failed`: it did not take the mail. Either way whoever asked has the link
 */
export async function mailLink(
  channels: Pick<Channels, "all" | "open">,
  { email, link, createdBy, expiresAtMs }: Omit<Linked, "mailed">,
  platform: string,
): Promise<Linked["mailed"]> {
  const row = (await channels.all()).find(({ app, kind }) => app === null && kind === "smtp");
  if (!row || email === undefined) return "none";
  try {
    await (await channels.open(row)).send({
      ...{ id: `link-${randomId(12)}`, event: "confirm", atMs: Date.now(), to: email },
      subject: `Your link to Evenkeel at ${platform}`,
      text: `${createdBy} has made this link for you. It works once, until ${new Date(expiresAtMs).toUTCString()}; give it to nobody else.`,
      url: link,
    });
    return "sent";
  } catch (error) {
    if (error instanceof EvenkeelError) return "failed";
    throw error;
  }
}
