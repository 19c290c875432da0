import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import { advance, beginNext, readConversation } from "../conversations/conversation-store.ts";
import type { Sql } from "../database.ts";
import type { FlowState } from "../flows/flow.ts";
import { inLanguage, phrases } from "../messages/phrases.ts";
import { segmentsOf } from "../messages/segments.ts";

/** Languages as Twilio's voices and speech recognition name them. */
const spoken: Record<string, string> = {
  en: "en-US",
  es: "es-ES",
  fr: "fr-FR",
  de: "de-DE",
  it: "it-IT",
  pt: "pt-BR",
};

export interface CallReply {
  callSid: string;
  keys: string;
  speech: string;
}

/** What a person who calls is being asked now. */
export async function conversationWith(sql: Sql, phone: string): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    SELECT v.id FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE c.phone = ${phone} AND c.archived_at IS NULL AND v.status = 'active'`;
  return row?.id;
}

/** Somebody, or a machine, has answered: what the conversation said last is said, and the answer is listened for. */
export async function answerCall(sql: Sql, id: string, callSid: string, answeredBy: string): Promise<string> {
  const conversation = await readConversation(sql, id);
  if (!conversation) return farewell(phrases.goodbye, "en");
  if (conversation.status !== "active") return farewell(phrases.goodbye, conversation.language);
  const [last] = await sql<{ said: string[] }[]>`
    SELECT said FROM conversation_events WHERE conversation_id = ${id} AND said <> '[]' ORDER BY revision DESC LIMIT 1`;
  const says = last?.said ?? [];
  if (answeredBy.startsWith("machine") || answeredBy === "fax") {
    await goOnByText(sql, id, callSid, says.join("\n\n"));
    return respond(says, conversation.language);
  }
  return respond(says, conversation.language, {
    id,
    revision: conversation.revision,
    state: conversation.flow.states[conversation.state],
  });
}

/** A voicemail cannot answer, but the person may later: the same question goes out as a text, and the conversation goes on there. */
async function goOnByText(sql: Sql, id: string, callSid: string, body: string): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`UPDATE conversations SET channel = 'sms' WHERE id = ${id} AND status = 'active'`;
    await transaction`
      INSERT INTO messages (key, direction, channel, contact_id, conversation_id, phone, body, segments, status)
      SELECT ${`${id}/voicemail/${callSid}`}, 'out', 'sms', c.contact_id, c.id, p.phone, ${body}, ${segmentsOf(body).count}, 'queued'
      FROM conversations c JOIN contacts p ON p.id = c.contact_id WHERE c.id = ${id} AND c.status = 'active'
      ON CONFLICT (key) DO NOTHING`;
  });
}

/**
 * Keys or speech, or neither: silence on the telephone is an answer that fits nothing. `revision` is the question's, so a webhook that comes twice
 * gets what it got the first time.
 */
export async function hearCall(sql: Sql, id: string, revision: number, reply: CallReply): Promise<string> {
  const key = `${id}/call/${reply.callSid}/${revision}`;
  const step = await advance(sql, id, key, { type: "reply", text: reply.speech, keys: reply.keys }, "call");
  const conversation = await readConversation(sql, id);
  const language = conversation?.language ?? "en";
  if (step.result === "ignored" || !conversation) return farewell(phrases.goodbye, language);
  if (step.ended) {
    await beginNext(sql, conversation.contactId);
    return respond(step.says, language);
  }
  return respond(step.says, language, {
    id,
    revision: step.revision,
    state: conversation.flow.states[conversation.state],
  });
}

interface Question {
  id: string;
  revision: number;
  state: FlowState | undefined;
}

function respond(says: string[], language: string, question?: Question): string {
  const response = new VoiceResponse();
  const voice = { language: spoken[language] ?? spoken["en"] } as Parameters<typeof response.say>[0] & object;
  if (!question?.state?.listen) {
    for (const words of says) response.say(voice, words);
    response.hangup();
    return response.toString();
  }
  const keyed = question.state.listen.answers.some(({ key }) => key !== undefined);
  const numbers = question.state.listen.answers.some(({ when }) => "number" in when);
  const gather = response.gather({
    input: ["dtmf", "speech"],
    action: `/api/twilio/voice/reply?conversation=${question.id}&revision=${question.revision}`,
    method: "POST",
    timeout: 6,
    speechTimeout: "auto",
    language: voice.language as never,
    actionOnEmptyResult: true,
    ...(keyed && !numbers ? { numDigits: 1 } : { finishOnKey: "#" }),
  });
  for (const words of says) gather.say(voice as never, words);
  return response.toString();
}

function farewell(words: Record<string, string>, language: string): string {
  return respond([inLanguage(words as never, language)], language);
}
