import { randomId } from "@evenkeel/model";

/** There is one region: this machine. */
export const region = "ek1";

const processPart = randomId(5);
let count = 0;
/** Of all ids of this millisecond. */
let begin = "";
let beginMs = 0;

/** Value of `x-vercel-id`, in Vercel's form `<region>::<unique>-<epoch ms>-<counter>`; unique among this machine's edges. */
export function newRequestId(): string {
  const nowMs = Date.now();
  if (nowMs !== beginMs) {
    beginMs = nowMs;
    begin = `${region}::${processPart}-${nowMs}-`;
  }
  count = (count + 1) & 0xfffffff;
  return begin + count.toString(16);
}

/** Value of `x-invocation-id`: another one for each call of a function, of which one request may need several. */
export function newInvocationId(): string {
  count = (count + 1) & 0xfffffff;
  return `${processPart}-${count}`;
}
