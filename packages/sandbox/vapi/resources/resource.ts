import type { Account } from "../../accounts/account.ts";
import { type Answer, json } from "../../provider/answer.ts";
import type { Given, TwinRoute } from "../../provider/provider.ts";
import { jsonObjectOf } from "../../provider/twin-request.ts";
import { nextUuid, orgId } from "../credentials.ts";
import { vapiError } from "../vapi-error.ts";

/** What Vapi keeps as it was given: assistants, phone numbers, tools, credentials. */
export interface Resource {
  id: string;
  orgId: string;
  createdAt: string;
  updatedAt: string;
  [setting: string]: unknown;
}

export interface ResourceKind {
  /** Of its path: `assistant`. */
  path: string;
  /** `Assistant`. */
  title: string;
  /** What an account begins with. */
  given?(account: Account): Resource[];
  /** What is wrong with what was sent, in Vapi's words. */
  check?(body: Record<string, unknown>): string[];
  /** What is answered but not sent, beside the usual. */
  complete?(body: Record<string, unknown>, account: Account): Record<string, unknown>;
}

export const isoTime = (account: Account): string => new Date(account.providerTimeMs("vapi")).toISOString();

export function resourcesOf(account: Account, kind: ResourceKind) {
  const resources = account.collection<Resource>(`vapi.${kind.path}`);
  if (resources.size === 0)
    for (const resource of kind.given?.(account) ?? []) resources.put(resource.id, resource);
  return resources;
}

/** Create, list, fetch, change and delete. */
export function resourceRoutes(kind: ResourceKind): TwinRoute[] {
  const one = `/${kind.path}/:id`;
  return [
    { method: "POST", path: `/${kind.path}`, answer: (given) => create(given, kind) },
    {
      method: "GET",
      path: `/${kind.path}`,
      answer: (given) => json(listed(resourcesOf(given.account, kind).newestFirst(), given)),
    },
    { method: "GET", path: one, answer: (given) => json(...found(given, kind)) },
    { method: "PATCH", path: one, answer: (given) => change(given, kind) },
    {
      method: "DELETE",
      path: one,
      answer: (given) => {
        const [resource, status] = found(given, kind);
        if (status === 200) resourcesOf(given.account, kind).delete(given.params["id"]!);
        return json(resource, status);
      },
    },
  ];
}

function create({ account, request }: Given, kind: ResourceKind): Answer {
  const body = jsonObjectOf(request);
  if (!body) return vapiError(400, "The request's body is not JSON");
  const problems = kind.check?.(body) ?? [];
  if (problems.length > 0) return vapiError(400, problems);
  const now = isoTime(account);
  const id = nextUuid(account, kind.path);
  const resource = {
    ...body,
    ...kind.complete?.(body, account),
    id,
    orgId: orgId(account),
    createdAt: now,
    updatedAt: now,
  };
  return json(resourcesOf(account, kind).put(id, resource), 201);
}

function change(given: Given, kind: ResourceKind): Answer {
  const body = jsonObjectOf(given.request);
  if (!body) return vapiError(400, "The request's body is not JSON");
  const [known, status] = found(given, kind);
  if (status !== 200) return json(known, status);
  const { id, orgId: org, createdAt } = known as Resource;
  const changed = { ...known, ...body, id, orgId: org, createdAt, updatedAt: isoTime(given.account) };
  return json(resourcesOf(given.account, kind).put(id, changed));
}

function found({ account, params }: Given, kind: ResourceKind): [object, number] {
  const resource = resourcesOf(account, kind).get(params["id"]!);
  if (resource) return [resource, 200];
  const { json: error } = vapiError(404, `Couldn't Find ${kind.title} for ID: ${params["id"]}`);
  return [error as object, 404];
}

const usualLimit = 100;
const largestLimit = 1_000;

/** `limit`, and `createdAtGt`, `updatedAtLe` and the like. */
export function listed<Item extends { createdAt: string; updatedAt: string }>(
  items: Item[],
  { request }: Given,
): Item[] {
  const { query } = request;
  const limit = Math.min(largestLimit, Math.max(0, Number(query.get("limit") ?? usualLimit) || 0));
  const holds = (item: Item, field: "createdAt" | "updatedAt"): boolean => {
    const value = Date.parse(item[field]);
    const bound = (name: string) => Date.parse(query.get(`${field}${name}`) ?? "");
    return !(value <= bound("Gt") || value < bound("Ge") || value >= bound("Lt") || value > bound("Le"));
  };
  return items.filter((item) => holds(item, "createdAt") && holds(item, "updatedAt")).slice(0, limit);
}
