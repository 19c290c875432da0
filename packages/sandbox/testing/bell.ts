import { timingSafeEqual } from "node:crypto";
import type { Account } from "../accounts/account.ts";
import { json } from "../provider/answer.ts";
import type { Provider } from "../provider/provider.ts";
import { bearerToken, jsonObjectOf } from "../provider/twin-request.ts";
import type { WebhookResult } from "../webhooks/webhook.ts";

export interface Ring {
  id: string;
  url: string;
  /** What the app answered to each stroke, and when in the account's time since the ring began. */
  strokes: { answer: string; afterMs: number }[];
  left: number;
  atMs: number;
}

const keyOf = (account: Account): string => `bell_${account.secret("bell.key").slice(0, 24)}`;
const rings = (account: Account) => account.collection<Ring>("bell.rings");

/** The smallest provider there can be: rings an app a few times, a second between two strokes, and remembers what it said. */
export const bell: Provider = {
  name: "bell",
  title: "Bell",
  hosts: ["api.bell.example"],
  bodyLimitBytes: 1_000,
  identifiers: (account) => [keyOf(account)],
  variables: (account) => ({ BELL_KEY: keyOf(account) }),
  authenticate(request, accounts) {
    const token = bearerToken(request) ?? "";
    const account = accounts.find("bell", token);
    if (!account || !timingSafeEqual(Buffer.from(keyOf(account)), Buffer.from(token))) return undefined;
    return { account, key: `…${token.slice(-4)}` };
  },
  failure: (failure) =>
    json(
      { bell: failure.kind },
      failure.kind === "unauthenticated" ? 401 : failure.kind === "body_too_large" ? 413 : 503,
    ),
  routes: [
    {
      method: "POST",
      path: "/rings",
      answer({ account, request }) {
        const { url = "", times = 1 } = jsonObjectOf(request) as { url?: string; times?: number };
        const id = account.nextId("bell.ring").slice(0, 8);
        const ring = rings(account).put(id, { id, url, strokes: [], left: times, atMs: account.nowMs() });
        account.schedule("bell", "strike", 1_000, { id });
        return json(ring, 201);
      },
    },
    {
      method: "GET",
      path: "/rings/:id",
      answer({ account, params }) {
        const ring = rings(account).get(params["id"]!);
        return ring ? json(ring) : json({ bell: "unknown" }, 404);
      },
    },
  ],
  happen(account, type, data, answer) {
    const ring = rings(account).get((data as { id: string }).id)!;
    if (type === "strike") strike(account, ring);
    else hear(account, ring, answer!);
  },
  signWebhook: (account) => ({ "bell-time": String(account.providerRealTimeMs("bell")) }),
};

function strike(account: Account, ring: Ring): void {
  account.send("bell", {
    kind: "stroke",
    subject: ring.id,
    url: ring.url,
    body: `${ring.id} ${ring.left}`,
    headers: { "content-type": "text/plain" },
    limits: { timeoutMs: 2_000, redirects: 2, answerBytes: 1_000 },
    reply: { type: "heard", data: { id: ring.id } },
  });
}

function hear(account: Account, ring: Ring, answer: WebhookResult): void {
  ring.strokes.push({ answer: answer.failure ?? answer.body, afterMs: account.nowMs() - ring.atMs });
  ring.left--;
  rings(account).put(ring.id, ring);
  if (ring.left > 0) account.schedule("bell", "strike", 1_000, { id: ring.id });
}
