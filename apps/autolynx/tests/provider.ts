// A stand-in for Vapi that is as unreliable as it can be: answers get lost after the call was placed, webhooks come twice, late, or never, and in any
// order. It counts what an app must never do.
import { createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { signatureHeader, timestampHeader } from "../server/vapi/verify-webhook.ts";

type Json = Record<string, unknown>;

interface ProvidedCall {
  id: string;
  contact: string;
  mark: string;
  campaign: string;
  number: string;
  status: string;
  createdAt: number;
  updatedAt: number;
  startedAt?: number;
  endedAt?: number;
  endedReason?: string;
  cost: number;
  overrides: Json;
}

export interface Faults {
  /** Shares of 1. */
  dropAfter: number;
  failBefore: number;
  tooMany: number;
  webhookLost: number;
  webhookDoubled: number;
  webhookLate: number;
}

export const noFaults: Faults = {
  ...{ dropAfter: 0, failBefore: 0, tooMany: 0 },
  ...{ webhookLost: 0, webhookDoubled: 0, webhookLate: 0 },
};

export class Provider {
  readonly calls = new Map<string, ProvidedCall>();
  readonly active = new Map<string, number>();
  /** The most calls of a campaign that were under way at once. */
  peak = new Map<string, number>();
  faults: Faults = noFaults;
  lines = 10_000;
  /** How long a call takes, milliseconds. */
  lastsMs = 30;
  webhooks: { body: string }[] = [];
  pending = 0;
  posts = 0;
  /** Where webhooks go: one of the instances that live. */
  target: () => string | undefined = () => undefined;
  outcome: (number: string) => string = () => "customer-ended-call";
  private server!: Server;

  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  async start(): Promise<string> {
    const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const text = Buffer.concat(pieces).toString();
      const url = new URL(request.url!, "http://provider");
      const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
        response.writeHead(status, { "content-type": "application/json", ...headers });
        response.end(JSON.stringify(body));
      };
      if (request.method === "POST" && url.pathname === "/call") {
        this.posts++;
        if (this.strikes(this.faults.tooMany))
          return answer(429, { message: "Too Many Requests" }, { "retry-after": "0" });
        if (this.strikes(this.faults.failBefore)) return answer(503, { message: "unavailable" });
        const call = this.place(JSON.parse(text) as Json);
        if (this.strikes(this.faults.dropAfter)) return void request.socket.destroy();
        return answer(201, render(call));
      }
      if (url.pathname === "/credential") return answer(200, request.method === "POST" ? { id: "cred" } : []);
      if (url.pathname === "/call") {
        const ge = Date.parse(url.searchParams.get("createdAtGe") ?? "1970-01-01");
        const le = Date.parse(url.searchParams.get("createdAtLe") ?? "2999-01-01");
        const limit = Number(url.searchParams.get("limit") ?? 100);
        const listed = [...this.calls.values()].filter(({ createdAt }) => createdAt >= ge && createdAt <= le);
        return answer(200, listed.reverse().slice(0, limit).map(render));
      }
      if (url.pathname.startsWith("/call/")) {
        const call = this.calls.get(url.pathname.slice(6));
        return call ? answer(200, render(call)) : answer(404, { message: "Couldn't Find Call" });
      }
      if (url.pathname.startsWith("/phone-number/"))
        return answer(200, { status: "active", number: "+14155550100" });
      if (url.pathname === "/phone-number")
        return answer(200, [{ id: "line-1", number: "+14155550100", name: "Line" }]);
      if (url.pathname === "/assistant") return answer(200, [{ id: "assistant-1", name: "Booker" }]);
      return answer(404, { message: "unknown" });
    };
    // Whoever asked may have been killed in the middle of it.
    this.server = createServer((request, response) => {
      handle(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get underWay(): number {
    return [...this.active.values()].reduce((sum, count) => sum + count, 0);
  }

  private strikes(share: number): boolean {
    return share > 0 && this.random() < share;
  }

  private place(body: Json): ProvidedCall {
    const overrides = body["assistantOverrides"] as Json;
    const mark = ((overrides["metadata"] as Json)["autolynx"] as Record<string, string>)!;
    const number = (body["customer"] as { number: string }).number;
    const now = Date.now();
    const call: ProvidedCall = {
      ...{ id: randomUUID(), contact: number, mark: mark["call"]!, campaign: mark["campaign"]!, number },
      ...{ status: "queued", createdAt: now, updatedAt: now, cost: 0, overrides },
    };
    this.calls.set(call.id, call);
    const under = (this.active.get(call.campaign) ?? 0) + 1;
    this.active.set(call.campaign, under);
    this.peak.set(call.campaign, Math.max(this.peak.get(call.campaign) ?? 0, under));
    this.tell(call, { type: "status-update", status: "queued" });
    const step = this.lastsMs / 3;
    setTimeout(() => this.move(call, "ringing"), step);
    const reason = this.outcome(number);
    if (reason !== "customer-busy") setTimeout(() => this.move(call, "in-progress"), step * 2);
    setTimeout(() => this.end(call, reason), step * 3);
    return call;
  }

  private move(call: ProvidedCall, status: string): void {
    // On a busy machine timers of different lengths come in any order; a provider's own state never goes back.
    if (call.status === "ended" || (call.status === "in-progress" && status === "ringing")) return;
    call.status = status;
    call.updatedAt = Math.max(Date.now(), call.updatedAt + 1);
    if (status === "in-progress") call.startedAt = call.updatedAt;
    this.tell(call, { type: "status-update", status });
  }

  private end(call: ProvidedCall, reason: string): void {
    call.endedReason = reason;
    call.updatedAt = Math.max(Date.now(), call.updatedAt + 1);
    call.endedAt = call.updatedAt;
    call.cost = Math.round(this.random() * 10_000) / 10_000;
    call.status = "ended";
    this.active.set(call.campaign, this.active.get(call.campaign)! - 1);
    this.tell(call, { type: "status-update", status: "ended", endedReason: reason });
    this.tell(call, {
      ...{ type: "end-of-call-report", endedReason: reason, endedAt: new Date(call.endedAt).toISOString() },
      ...{ cost: call.cost, artifact: { transcript: `AI: Hello\nUser: ${call.number}` } },
      analysis: { summary: "A call", successEvaluation: "true", structuredData: { sentiment: "positive" } },
    });
  }

  private tell(call: ProvidedCall, message: Json): void {
    const body = JSON.stringify({
      message: { timestamp: call.updatedAt, ...message, call: render(call) },
    });
    this.webhooks.push({ body });
    if (this.strikes(this.faults.webhookLost)) return;
    const lateMs = this.strikes(this.faults.webhookLate) ? this.random() * 200 : 0;
    const times = this.strikes(this.faults.webhookDoubled) ? 3 : 1;
    for (let count = 0; count < times; count++) {
      this.pending++;
      setTimeout(() => this.deliver(body).finally(() => this.pending--), lateMs * (count + 1));
    }
  }

  private async deliver(body: string): Promise<void> {
    const target = this.target();
    if (target === undefined) return;
    await fetch(`${target}/api/webhooks/vapi`, { method: "POST", headers: signed(body), body })
      .then((response) => response.arrayBuffer())
      // Whoever was to hear it was killed.
      .catch(() => undefined);
  }
}

export function signed(
  body: string,
  { secret = process.env["WEBHOOK_SHARED_SECRET"]!, atMs = Date.now() } = {},
): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  return {
    "content-type": "application/json",
    [timestampHeader]: timestamp,
    [signatureHeader]: createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex"),
  };
}

function render(call: ProvidedCall): Json {
  const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    ...{ id: call.id, status: call.status, createdAt: iso(call.createdAt), updatedAt: iso(call.updatedAt) },
    ...{
      startedAt: iso(call.startedAt),
      endedAt: iso(call.endedAt),
      endedReason: call.endedReason,
      cost: call.cost,
    },
    ...{ customer: { number: call.number }, assistantOverrides: { metadata: call.overrides["metadata"] } },
  };
}

/** mulberry32: the same seed gives the same run. */
export function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
