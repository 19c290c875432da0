import type { XMLParser } from "fast-xml-parser";
import type { WebhookResult } from "../../webhooks/webhook.ts";

/** An element of TwiML; text only where it has no elements. */
export interface TwimlNode {
  verb: string;
  attributes: Record<string, string>;
  text: string;
  children: TwimlNode[];
}

/** Why TwiML cannot be followed, as Twilio's console names it. */
export interface TwimlProblem {
  code: 11200 | 11205 | 11215 | 11750 | 12100 | 12300;
  message: string;
}

/** Loaded with the first TwiML, so that the sandbox starts sooner. */
const library = () => import.meta.require("fast-xml-parser") as typeof import("fast-xml-parser");
let made: XMLParser | undefined;

function parser(): XMLParser {
  made ??= new (library().XMLParser)({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: true,
    // Nothing outside of the document is read.
    processEntities: true,
  });
  return made;
}

/** The verbs of an app's answer, or what is wrong with it. An empty answer has no verbs. */
export function readTwiml(answer: WebhookResult): TwimlNode[] | TwimlProblem {
  const failure = problemOf(answer);
  if (failure) return failure;
  const text = answer.body.trim();
  if (text === "") return [];
  const type = (answer.headers["content-type"] ?? "text/xml").split(";")[0]!.trim().toLowerCase();
  // Twilio reads plain text aloud, or sends it as it is.
  if (type === "text/plain") return [{ verb: "Say", attributes: {}, text, children: [] }];
  if (!/^(?:text|application)\/(?:xml|html|[\w.-]+\+xml)$/.test(type)) {
    return { code: 12300, message: `Invalid Content-Type: ${type}` };
  }
  return parseTwiml(text);
}

export function parseTwiml(text: string): TwimlNode[] | TwimlProblem {
  const invalid = (message: string): TwimlProblem => ({
    code: 12100,
    message: `Document parse failure: ${message}`,
  });
  const valid = library().XMLValidator.validate(text);
  if (valid !== true) return invalid(valid.err.msg);
  try {
    const root = (parser().parse(text) as XmlElement[]).map(toNode).find((node) => node?.verb === "Response");
    return root ? root.children : invalid("there is no <Response>");
  } catch (error) {
    return invalid(error instanceof Error ? error.message : "");
  }
}

export const isProblem = (read: TwimlNode[] | TwimlProblem): read is TwimlProblem => "code" in read;

function problemOf({ failure, status, message = "" }: WebhookResult): TwimlProblem | undefined {
  if (
    failure === "timed_out" ||
    failure === "connection_failed" ||
    failure === "lost" ||
    failure === "refused"
  ) {
    return { code: failure === "timed_out" ? 11200 : 11205, message };
  }
  if (failure === "too_many_redirects") return { code: 11215, message };
  if (failure === "answer_too_large") return { code: 11750, message };
  if (status === undefined || status < 200 || status >= 300)
    return { code: 11200, message: `The app answered ${status}` };
  return undefined;
}

type XmlElement = Record<string, unknown>;

function toNode(element: XmlElement): TwimlNode | undefined {
  const verb = Object.keys(element).find((name) => name !== ":@");
  if (verb === undefined || verb.startsWith("?") || verb.startsWith("#")) return undefined;
  const inner = element[verb] as XmlElement[];
  const attributes = (element[":@"] ?? {}) as Record<string, string>;
  return {
    verb,
    attributes,
    text: textOf(inner),
    children: inner.map(toNode).filter((node) => node !== undefined),
  };
}

/** With what stands in markup of speech (SSML), which is spoken too. */
function textOf(inner: XmlElement[]): string {
  return inner
    .map((each) => {
      if ("#text" in each) return String(each["#text"]);
      const nested = Object.entries(each).find(([name]) => name !== ":@")?.[1];
      return Array.isArray(nested) ? textOf(nested as XmlElement[]) : "";
    })
    .filter((text) => text !== "")
    .join(" ");
}
