import type { Account } from "../accounts/account.ts";
import type { Answer } from "../provider/answer.ts";
import { openAiError } from "./openai-error.ts";

/** Of an account in its first tier, for each model: https://platform.openai.com/docs/guides/rate-limits */
const perMinute = { requests: 500, tokens: 200_000 };
const minuteMs = 60_000;

interface Bucket {
  requests: number;
  tokens: number;
  atMs: number;
}

/** What is left fills up evenly with the account's time. */
const buckets = new WeakMap<Account, Map<string, Bucket>>();

/**
 * Takes one request and its tokens from a model's limits.
 *
 * @returns the headers of an answer, or the answer that refuses it
 */
export function takeFromLimits(
  account: Account,
  model: string,
  tokens: number,
): { headers: Record<string, string> } | { refused: Answer } {
  const models = buckets.get(account) ?? new Map<string, Bucket>();
  buckets.set(account, models);
  const nowMs = account.nowMs();
  const before = models.get(model) ?? { ...perMinute, atMs: nowMs };
  const share = Math.max(0, nowMs - before.atMs) / minuteMs;
  const bucket = {
    requests: Math.min(perMinute.requests, before.requests + share * perMinute.requests),
    tokens: Math.min(perMinute.tokens, before.tokens + share * perMinute.tokens),
    atMs: nowMs,
  };
  models.set(model, bucket);
  const short = bucket.requests < 1 ? "requests" : bucket.tokens < tokens ? "tokens" : undefined;
  if (short !== undefined) {
    const missing = (short === "requests" ? 1 : tokens) - bucket[short];
    const waitS = (missing / perMinute[short]) * 60;
    return {
      refused: openAiError(
        429,
        short,
        `Rate limit reached for ${model} on ${short} per min: Limit ${perMinute[short]}, Requested ${short === "requests" ? 1 : tokens}. Please try again in ${waitS.toFixed(3)}s.`,
        { code: "rate_limit_exceeded" },
        {
          ...headersOf(bucket),
          "retry-after": String(Math.ceil(waitS)),
          "retry-after-ms": String(Math.ceil(waitS * 1_000)),
        },
      ),
    };
  }
  bucket.requests -= 1;
  bucket.tokens -= tokens;
  return { headers: headersOf(bucket) };
}

const headersOf = ({ requests, tokens }: Bucket): Record<string, string> => ({
  "x-ratelimit-limit-requests": String(perMinute.requests),
  "x-ratelimit-limit-tokens": String(perMinute.tokens),
  "x-ratelimit-remaining-requests": String(Math.floor(requests)),
  "x-ratelimit-remaining-tokens": String(Math.floor(tokens)),
  "x-ratelimit-reset-requests": `${(((perMinute.requests - requests) / perMinute.requests) * 60).toFixed(3)}s`,
  "x-ratelimit-reset-tokens": `${(((perMinute.tokens - tokens) / perMinute.tokens) * 60).toFixed(3)}s`,
});
