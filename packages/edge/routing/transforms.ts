import type { PairTransform, PathTransform, Transform } from "@evenkeel/model";
import type { AnswerState } from "./answer-state.ts";
import { canonicalPath } from "./canonical-path.ts";
import { compileNameMatcher } from "./guard.ts";
import { decodeName, mergeQuery, splitQuery } from "./query-string.ts";
import type { RequestView } from "./request-view.ts";
import { type Captures, compileTemplate, type TemplateNames } from "./template.ts";

/** What one transform does, its arguments filled in. */
interface Effect {
  op: PairTransform["op"];
  /** One name, or a test over the names that are there. */
  name: string | undefined;
  matches(name: string): boolean;
  values: string[];
}

export interface CompiledTransform {
  readonly names: ReadonlySet<string>;
  /** Does the same for every request that matches with the same captures. */
  readonly repeatable: boolean;
  /** Changes the request in `view`; gives the answer's headers with its changes. */
  apply(view: RequestView, answer: AnswerState, captures: Captures): AnswerState;
}

/** https://vercel.com/docs/build-output-api/v3/configuration#transform */
export function compileTransform(
  transform: Transform,
  names: TemplateNames,
  environment: (name: string) => string | undefined,
): CompiledTransform {
  return transform.type === "request.path"
    ? compilePathTransform(transform, names, environment)
    : compilePairTransform(transform, names, environment);
}

function compilePathTransform(
  { args, env }: PathTransform,
  names: TemplateNames,
  environment: (name: string) => string | undefined,
): CompiledTransform {
  const constants = new Map(
    (env ?? []).map((name) => [name, encodeURI((environment(name) ?? "").toWellFormed())]),
  );
  const template = compileTemplate(args, { ...names, constants });
  return {
    names: template.names,
    repeatable: true,
    apply(view, answer, captures) {
      const path = template.fill(captures, "path");
      // `/(.*)` → `/$1` changes nothing, and then the function gets the client's very bytes.
      view.path = path === canonicalPath(view.request.path) ? undefined : path;
      return answer;
    },
  };
}

function compilePairTransform(
  transform: PairTransform,
  names: TemplateNames,
  environment: (name: string) => string | undefined,
): CompiledTransform {
  const { type, op, target } = transform;
  const header = type !== "request.query";
  const key = typeof target.key === "string" && header ? target.key.toLowerCase() : target.key;
  const matches = compileNameMatcher(key);
  const constants = new Map(
    (transform.env ?? []).map((name) => {
      const value = environment(name) ?? "";
      return [name, header ? value : encodeURIComponent(value.toWellFormed())];
    }),
  );
  const args = transform.args === undefined ? [] : [transform.args].flat();
  const templates = args.map((text) =>
    compileTemplate(header ? text : encodeLiterals(text), { ...names, constants }),
  );
  return {
    names: new Set(templates.flatMap((template) => [...template.names])),
    repeatable: false,
    apply(view, answer, captures) {
      const effect: Effect = {
        op,
        name: typeof key === "string" ? key : undefined,
        matches,
        values: templates.map((template) => template.fill(captures, header ? "header" : "query")),
      };
      if (type === "response.headers") return changeAnswer(answer, effect);
      if (type === "request.headers") changeRequestHeaders(view, effect);
      else changeQuery(view, effect);
      return answer;
    },
  };
}

/** All but what a template reads as a name. */
const encodeLiterals = (text: string): string =>
  text.toWellFormed().replace(/[^A-Za-z0-9\-._~$]/gu, encodeURIComponent);

function changeAnswer(answer: AnswerState, { op, name, matches, values }: Effect): AnswerState {
  if (name === undefined) return answer.test({ matches, op, values });
  if (op === "delete") return answer.delete(name);
  const [first, ...rest] = values;
  if (first === undefined) return answer;
  if (op === "append") return values.reduce((state, value) => state.append(name, value), answer);
  return rest.reduce((state, value) => state.append(name, value), answer.setImportant(name, first, true));
}

function changeRequestHeaders(view: RequestView, { op, name, matches, values }: Effect): void {
  const present = view.headers();
  const names = name === undefined ? [...new Set(present.map(([other]) => other).filter(matches))] : [name];
  for (const target of names) {
    const current =
      op === "append" ? present.filter(([other]) => other === target).map(([, value]) => value) : [];
    const value = [...current, ...(op === "delete" ? [] : values)].join(target === "cookie" ? "; " : ", ");
    view.setHeader(target, op === "delete" ? undefined : value);
  }
}

/** `values` are encoded. */
function changeQuery(view: RequestView, { op, name, matches, values }: Effect): void {
  const present = splitQuery(view.query);
  const encoded =
    name === undefined
      ? [...new Set(present.map(([other]) => other).filter((other) => matches(decodeName(other))))]
      : [encodeURIComponent(name)];
  if (op === "delete") {
    const kept = present.filter(([other]) => !matches(decodeName(other)));
    view.query = kept.map(([key, value]) => `${key}=${value}`).join("&");
    return;
  }
  for (const key of encoded) {
    const pairs = values.map((value): [string, string] => [key, value]);
    if (op === "set") view.query = mergeQuery(view.query, pairs);
    else
      view.query = [view.query, ...pairs.map((pair) => pair.join("="))]
        .filter((text) => text !== "")
        .join("&");
  }
}
