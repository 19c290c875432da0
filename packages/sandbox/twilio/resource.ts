import { type Answer, json } from "../provider/answer.ts";
import type { Given } from "../provider/provider.ts";
import { accountSid } from "./credentials.ts";
import { twilioError } from "./twilio-error.ts";

export const apiVersion = "2010-04-01";
export const accountPath = `/${apiVersion}/Accounts/:account`;

/** `Wed, 18 Aug 2021 20:01:14 +0000`. */
export const rfc2822 = (ms: number): string => new Date(ms).toUTCString().replace("GMT", "+0000");

export const notFound = ({ request }: Given): Answer => twilioError(20404, request.path);

/** Answers only for the account of the credentials: another one in the path does not exist for it. */
export const ownAccount =
  (answer: (given: Given) => Answer | Promise<Answer>) =>
  (given: Given): Answer | Promise<Answer> =>
    given.params["account"] === accountSid(given.account) ? answer(given) : notFound(given);

const largestPage = 1_000;
const usualPage = 50;

/**
 * One page of a list of the 2010 API: `Page`, `PageSize` and `PageToken`, which names the last one of the page before, so that new ones
 * do not move what follows.
 *
 * @param items newest first
 */
export function page<Item extends { sid: string }>(
  { request }: Given,
  name: string,
  items: readonly Item[],
  render: (item: Item) => object,
): Answer {
  const query = request.query;
  const size = Math.min(largestPage, Math.max(1, Number(query.get("PageSize")) || usualPage));
  const number = Math.max(0, Number(query.get("Page")) || 0);
  const token = /^P[AB](.+)$/.exec(query.get("PageToken") ?? "")?.[1];
  const start = token === undefined ? number * size : items.findIndex(({ sid }) => sid === token) + 1;
  const shown = items.slice(start, start + size);
  const uri = (toPage: number, pageToken?: string) => {
    const asked = new URLSearchParams(query);
    asked.set("PageSize", String(size));
    asked.set("Page", String(toPage));
    asked.delete("PageToken");
    if (pageToken !== undefined) asked.set("PageToken", pageToken);
    return `${request.path}?${asked}`;
  };
  const before = items[start - size - 1];
  return json({
    [name]: shown.map(render),
    first_page_uri: uri(0),
    next_page_uri: start + size < items.length ? uri(number + 1, `PA${shown.at(-1)!.sid}`) : null,
    previous_page_uri: start === 0 ? null : uri(Math.max(0, number - 1), before && `PB${before.sid}`),
    page: number,
    page_size: size,
    start,
    end: Math.max(start, start + shown.length - 1),
    uri: `${request.path}?${query}`.replace(/\?$/, ""),
  });
}

/** Filters such as `DateSent=2026-01-02`, `DateSent>=…`, `DateSent<=…`; dates are days in UTC or whole times. */
export function withinDates(query: URLSearchParams, name: string, atMs: number | undefined): boolean {
  const day = query.get(name);
  const after = query.get(`${name}>`);
  const before = query.get(`${name}<`);
  if (day === null && after === null && before === null) return true;
  if (atMs === undefined) return false;
  if (day !== null && new Date(atMs).toISOString().slice(0, 10) !== day.slice(0, 10)) return false;
  if (after !== null && atMs < Date.parse(after)) return false;
  return before === null || atMs <= endOf(before);
}

/** A whole day ends with its last millisecond. */
const endOf = (text: string): number => Date.parse(text) + (text.length === 10 ? 86_400_000 - 1 : 0);
