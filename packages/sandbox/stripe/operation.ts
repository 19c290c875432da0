import { type Answer, json } from "../provider/answer.ts";
import type { Given, TwinRoute } from "../provider/provider.ts";
import { apiVersion, nextId, nowSeconds } from "./credentials.ts";
import { includeList, resolveId } from "./kinds.ts";
import { expand } from "./objects/expand.ts";
import type { Kind, Recorded } from "./objects/kind.ts";
import { listOf, readPage } from "./objects/list.ts";
import { readSearch, search } from "./objects/search.ts";
import { Transaction } from "./objects/transaction.ts";
import { type FormRecord, readNestedForm } from "./parameters/nested-form.ts";
import { Parameters } from "./parameters/parameters.ts";
import { failureAnswer, invalid, StripeFailure } from "./stripe-error.ts";

export interface Operating<Wish> {
  tx: Transaction;
  wish: Wish;
  /** Of the path. */
  id: string;
  ids: Record<string, string>;
  /** Asked with the publishable key. */
  isBrowser: boolean;
}

interface Spec<Wish> {
  /** Reads all parameters; those it does not read are refused before anything is done. */
  read(params: Parameters): Wish;
  run(operating: Operating<Wish>): object;
}

const idempotentForS = 24 * 3_600;

/** An endpoint of the API: its parameters are read whole, then it runs, then its events are told. */
export function operation<Wish>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  read: Spec<Wish>["read"],
  run: Spec<Wish>["run"],
): TwinRoute {
  return {
    method,
    path,
    answer(given) {
      const requestId = nextId(given.account, "req");
      const headers = {
        "request-id": requestId,
        "stripe-version": given.request.headers["stripe-version"] ?? apiVersion,
      };
      const answer =
        method === "POST"
          ? once(given, () => carryOut(given, requestId, { read, run }))
          : carryOut(given, requestId, { read, run }).answer;
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
  };
}

/** Reading takes no parameters but `expand`. */
export const nothing = (_: Parameters): void => {};

export const retrieve = <R extends Recorded>(kind: Kind<R>): TwinRoute =>
  operation("GET", `${kind.path}/:id`, nothing, ({ tx, id }) => tx.render(kind, tx.get(kind, id)));

export const list = <R extends Recorded>(
  kind: Kind<R>,
  filters: (params: Parameters) => (record: R, tx: Transaction) => boolean = () => () => true,
): TwinRoute =>
  operation(
    "GET",
    kind.path,
    (params) => ({ page: readPage(params), filter: filters(params) }),
    ({ tx, wish }) => listOf(tx, kind, wish.page, { filter: (record) => wish.filter(record, tx) }),
  );

export const searchable = <R extends Recorded>(kind: Kind<R>): TwinRoute =>
  operation("GET", `${kind.path}/search`, readSearch, ({ tx, wish }) => search(tx, kind, wish));

interface Outcome {
  answer: Answer;
  /** It ran, whatever came of it: a repetition must not. */
  ran: boolean;
}

function carryOut<Wish>(given: Given, requestId: string, { read, run }: Spec<Wish>): Outcome {
  const { account, request, params: ids } = given;
  const tx = new Transaction(account, {
    id: requestId,
    idempotency_key: request.headers["idempotency-key"] ?? null,
  });
  let ran = false;
  try {
    const params = new Parameters(formOf(given));
    const expands = params.texts("expand") ?? [];
    const wish = read(params);
    params.finish();
    ran = true;
    const answer = run({ tx, wish, ids, id: ids["id"] ?? "", isBrowser: given.key.startsWith("pk_") });
    tx.commit();
    expand(tx, answer, expands, resolveId, includeList);
    return { answer: json(answer), ran };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    // A payment that was declined has left its traces.
    tx.commit();
    return { answer: failureAnswer(error), ran: ran && error.status !== 400 };
  }
}

function formOf({ request }: Given): FormRecord {
  if (request.method === "GET" || request.body.length === 0) return readNestedForm(request.query);
  const type = request.headers["content-type"] ?? "application/x-www-form-urlencoded";
  if (/^application\/x-www-form-urlencoded/i.test(type))
    return readNestedForm(new URLSearchParams(request.body.toString("utf8")));
  throw invalid(
    `Invalid request: the content type ${type.slice(0, 100)} is not application/x-www-form-urlencoded, which this API takes.`,
  );
}

interface Kept {
  request: string;
  answer: Answer;
  atS: number;
}

/** `Idempotency-Key`: https://docs.stripe.com/api/idempotent_requests */
function once({ account, request }: Given, run: () => Outcome): Answer {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return run().answer;
  if (key.length > 255) return failureAnswer(invalid("Idempotency keys have up to 255 characters."));
  const answers = account.collection<Kept>("stripe.idempotency", 5_000);
  const same = `${request.path} ${Bun.hash(request.body).toString(16)}`;
  const before = answers.get(key);
  if (before && before.atS + idempotentForS > nowSeconds(account)) {
    if (before.request === same)
      return { ...before.answer, headers: { ...before.answer.headers, "idempotent-replayed": "true" } };
    return failureAnswer(
      new StripeFailure(
        400,
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        { type: "idempotency_error" },
      ),
    );
  }
  const { answer, ran } = run();
  if (ran) answers.put(key, { request: same, answer, atS: nowSeconds(account) });
  return answer;
}
