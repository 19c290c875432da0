import type { FlagEvaluation, FlagFailure } from "@evenkeel/flags";
import { flagsPath, type ServedFlags } from "@evenkeel/model";
import { BodyTooLargeError, ClientGoneError } from "../errors.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import type { ServingTable } from "../state/serving-table.ts";
import { FlagSets, type ReadyFlags } from "./flag-sets.ts";
import type { FlagStreams } from "./flag-streams.ts";

const evaluation = "/ofrep/v1/evaluate/flags";
const events = "/events";
/** What a rule looks at: who somebody is, and not a document. */
const contextLimitBytes = 16 * 1024;
const inactivityDelaySec = 120;

type Owner = Pick<ServedFlags, "app" | "environment">;

interface Asker {
  owner: Owner;
  /** Processes with a key see all flags, browsers those that say `public`. */
  shown: "all" | "public";
  /** Before `/ofrep/…` in the URL by which they came. */
  base: string;
}

/**
 * OpenFeature's Remote Evaluation Protocol 0.3 (https://openfeature.dev/docs/reference/other-technologies/ofrep/openapi/), answered from what this edge
 * knows, also while the control plane is away. Two ways in:
 *
 * - `<prefix>/key/<key>/ofrep/v1/…` at any host, for an app's processes: their `OFREP_ENDPOINT`.
 * - `<prefix>/ofrep/v1/…` at an app's own host, for its pages in a browser.
 */
export class OfrepEndpoint {
  private readonly sets: FlagSets;

  constructor(
    private readonly table: ServingTable,
    private readonly streams: FlagStreams,
  ) {
    this.sets = new FlagSets(table);
  }

  async handle(exchange: Exchange): Promise<void> {
    const found = this.findAsker(exchange);
    if (!found) {
      return exchange.path.startsWith(`${flagsPath}/key/`)
        ? answer(exchange, 401, { errorDetails: "The key in OFREP_ENDPOINT is not valid" })
        : answer(exchange, 404, { errorDetails: `No app answers at "${exchange.host}"` });
    }
    const { asker, rest } = found;
    if (rest === events) return this.stream(exchange, asker);
    if (rest !== evaluation && !rest.startsWith(`${evaluation}/`)) {
      return answer(exchange, 404, { errorDetails: `OFREP has no ${rest || "/"} here` });
    }
    if (exchange.method !== "POST") {
      return answer(exchange, 405, { errorDetails: "Flags are asked for by POST" }, [["allow", "POST"]]);
    }
    const context = await readContext(exchange);
    if (!context) return;
    const ready = await this.sets.of(asker.owner);
    if (rest === evaluation) this.answerAll(exchange, asker, ready, context);
    else answerOne(exchange, ready.evaluator.evaluate(keyOf(rest), context, asker.shown));
  }

  private findAsker(exchange: Exchange): { asker: Asker; rest: string } | undefined {
    const path = exchange.path.slice(flagsPath.length);
    const withKey = /^\/key\/([^/]+)(\/.*)$/.exec(path);
    if (withKey) {
      const owner = this.sets.owner(withKey[1]!);
      const base = `${flagsPath}/key/${withKey[1]}`;
      return owner && { asker: { owner, shown: "all", base }, rest: withKey[2]! };
    }
    const site = this.table.site(exchange.host);
    return site && { asker: { owner: site.deployment, shown: "public", base: flagsPath }, rest: path };
  }

  private stream(exchange: Exchange, { owner }: Asker): void {
    if (exchange.method !== "GET") {
      answer(exchange, 405, { errorDetails: "Events are asked for by GET" }, [["allow", "GET"]]);
    } else if (!this.streams.open(exchange, owner, this.sets.version(owner))) {
      answer(exchange, 503, { errorDetails: "Too many event streams are open" }, [["retry-after", "30"]]);
    }
  }

  private answerAll(exchange: Exchange, { shown, base }: Asker, ready: ReadyFlags, context: object): void {
    const flags = ready.evaluator.evaluateAll(context as Record<string, never>, shown);
    const body = JSON.stringify({
      flags,
      metadata: { version: ready.version },
      eventStreams: [{ type: "sse", endpoint: { requestUri: `${base}${events}` }, inactivityDelaySec }],
    });
    const etag = `"${Bun.hash(body).toString(36)}"`;
    if (exchange.header("if-none-match") === etag) exchange.respond(304, [["etag", etag], noStore]);
    else exchange.respond(200, [json, noStore, ["etag", etag]], body);
  }
}

/** Undefined when the answer is given: it was no context. */
async function readContext(exchange: Exchange): Promise<Record<string, never> | undefined> {
  try {
    const body = await exchange.body.collect(contextLimitBytes);
    const request: unknown = body.length === 0 ? {} : JSON.parse(Buffer.from(body).toString("utf8"));
    if (!isRecord(request)) {
      answer(exchange, 400, { errorCode: "PARSE_ERROR", errorDetails: "The body is not a JSON object" });
      return undefined;
    }
    const context = request["context"] ?? {};
    if (isRecord(context)) return context as Record<string, never>;
    answer(exchange, 400, { errorCode: "INVALID_CONTEXT", errorDetails: '"context" is not an object' });
  } catch (error) {
    if (error instanceof ClientGoneError) return undefined;
    if (error instanceof BodyTooLargeError) {
      answer(exchange, 413, {
        errorCode: "INVALID_CONTEXT",
        errorDetails: `The context is larger than ${contextLimitBytes} bytes: send only what targeting looks at`,
      });
    } else if (error instanceof SyntaxError) {
      answer(exchange, 400, { errorCode: "PARSE_ERROR", errorDetails: "The body is not JSON" });
    } else throw error;
  }
  return undefined;
}

const keyOf = (rest: string): string => {
  const encoded = rest.slice(evaluation.length + 1);
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
};

function answerOne(exchange: Exchange, result: FlagEvaluation | FlagFailure): void {
  const status = !("errorCode" in result) ? 200 : result.errorCode === "FLAG_NOT_FOUND" ? 404 : 400;
  answer(exchange, status, result);
}

const json = ["content-type", "application/json"] as const;
/** Values are for one context; what may be kept is asked for again by `if-none-match`. */
const noStore = ["cache-control", "no-store"] as const;

function answer(exchange: Exchange, status: number, body: object, headers: HeaderPairs = []): void {
  exchange.respond(status, [json, noStore, ...headers], JSON.stringify(body));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
