import type { Parameters } from "../parameters/parameters.ts";
import { invalid } from "../stripe-error.ts";
import type { Kind, Recorded } from "./kind.ts";
import type { Transaction } from "./transaction.ts";

export interface Page {
  limit: number;
  startingAfter: string | undefined;
  endingBefore: string | undefined;
  created: (seconds: number) => boolean;
}

/** https://docs.stripe.com/api/pagination */
export function readPage(params: Parameters): Page {
  return {
    limit: params.integer("limit", 1, 100) ?? 10,
    startingAfter: params.text("starting_after"),
    endingBefore: params.text("ending_before"),
    created: readRange(params, "created"),
  };
}

/** `created=1` or `created[gte]=1`. */
export function readRange(params: Parameters, name: string): (value: number) => boolean {
  if (!params.has(name)) return () => true;
  let range: Parameters | undefined;
  try {
    range = params.record(name);
  } catch {
    const exactly = params.integer(name);
    return (value) => value === exactly;
  }
  const [gt, gte, lt, lte] = ["gt", "gte", "lt", "lte"].map((each) => range?.integer(each));
  return (value) =>
    (gt === undefined || value > gt) &&
    (gte === undefined || value >= gte) &&
    (lt === undefined || value < lt) &&
    (lte === undefined || value <= lte);
}

/** One page of the newest first. */
export function listOf<R extends Recorded>(
  tx: Transaction,
  kind: Kind<R>,
  page: Page,
  {
    filter = () => true,
    url = kind.path,
    of,
  }: { filter?: (record: R) => boolean; url?: string; of?: R[] } = {},
): object {
  const all = (of ?? tx.newestFirst(kind)).filter((record) => page.created(record.created) && filter(record));
  const indexOf = (id: string, param: string) => {
    const index = all.findIndex((record) => record.id === id);
    if (index === -1) throw invalid(`No such ${kind.title}: '${id}'`, param, "resource_missing");
    return index;
  };
  let [from, to] = [0, all.length];
  if (page.startingAfter !== undefined) from = indexOf(page.startingAfter, "starting_after") + 1;
  if (page.endingBefore !== undefined) {
    to = indexOf(page.endingBefore, "ending_before");
    from = Math.max(from, to - page.limit);
  }
  const data = all.slice(from, Math.min(to, from + page.limit));
  const hasMore = page.endingBefore === undefined ? from + data.length < to : from > 0;
  return { object: "list", data: data.map((record) => tx.render(kind, record)), has_more: hasMore, url };
}

/** A whole list inside of an object. */
export const embedded = (data: object[], url: string) => ({
  object: "list" as const,
  data,
  has_more: false,
  url,
});
