import type { AnswerHeaders, HeaderTest, Pairs } from "./resolution.ts";

/**
 * The headers of an answer: its own together with what routes and middleware put on it.
 *
 * @param own names in lower case.
 * @param keepOwn true for a function's or a proxied answer, whose own headers win over plain headers of routes; false for files and prerenders.
 */
export function answerHeaders(
  own: Pairs,
  answer: AnswerHeaders,
  keepOwn: boolean,
): [name: string, value: string][] {
  const { headers, importantHeaders, appendedHeaders, deletedHeaders, headerTests } = answer;
  const replaced = new Set([...deletedHeaders, ...importantHeaders.map(([name]) => name)]);
  if (!keepOwn) for (const [name] of headers) replaced.add(name);
  let result: [string, string][] = [];
  for (const [name, value] of own) if (!replaced.has(name)) result.push([name, value]);
  const present = new Set(result.map(([name]) => name));
  for (const [name, value] of headers) if (!present.has(name)) result.push([name, value]);
  for (const [name, value] of importantHeaders) result.push([name, value]);
  for (const [name, value] of appendedHeaders) result.push([name, value]);
  for (const test of headerTests ?? []) result = applyTest(result, test);
  return result;
}

function applyTest(headers: [string, string][], { matches, op, values }: HeaderTest): [string, string][] {
  const names = new Set(headers.map(([name]) => name).filter(matches));
  const kept = op === "append" ? headers : headers.filter(([name]) => !names.has(name));
  for (const name of names) for (const value of values) kept.push([name, value]);
  return kept;
}
