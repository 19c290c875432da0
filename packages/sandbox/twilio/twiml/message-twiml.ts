import type { WebhookResult } from "../../webhooks/webhook.ts";
import { isProblem, readTwiml, type TwimlNode } from "./parse-twiml.ts";

export interface MessageReply {
  body: string;
  media: string[];
  to: string | undefined;
  from: string | undefined;
  statusCallback: string | undefined;
}

/** What an app wants done with a person's text: https://www.twilio.com/docs/messaging/twiml. What comes after a redirect is not reached. */
export function messageTwiml(answer: WebhookResult): {
  replies: MessageReply[];
  redirect?: { url: string; method: string };
} {
  const verbs = readTwiml(answer);
  const replies: MessageReply[] = [];
  if (isProblem(verbs)) return { replies };
  for (const verb of verbs) {
    if (verb.verb === "Redirect")
      return { replies, redirect: { url: verb.text, method: verb.attributes["method"] ?? "POST" } };
    if (verb.verb === "Message" || verb.verb === "Sms" || verb.verb === "Say") replies.push(replyOf(verb));
  }
  return { replies };
}

function replyOf({ attributes, children, text }: TwimlNode): MessageReply {
  const bodies = children.filter(({ verb }) => verb === "Body").map((each) => each.text);
  const media = children.filter(({ verb }) => verb === "Media").map((each) => each.text);
  return {
    body: bodies.length > 0 ? bodies.join("") : media.length > 0 ? "" : text,
    media,
    to: attributes["to"],
    from: attributes["from"],
    statusCallback: attributes["statusCallback"] ?? attributes["action"],
  };
}
