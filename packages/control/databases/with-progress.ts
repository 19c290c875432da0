import type { DatabaseProgress } from "@evenkeel/model";
import type { DatabaseEvent } from "../api/contract/index.ts";

/** Work as a stream of its progress, ending with its result or its error. The work goes on when nobody listens any more. */
export async function* withProgress<Result extends object>(
  work: (onProgress: (progress: DatabaseProgress) => void) => Promise<Result>,
): AsyncGenerator<DatabaseEvent<Result>, void, void> {
  const told: DatabaseProgress[] = [];
  let wake = Promise.withResolvers<void>();
  let ended = false;
  const result = work((progress) => {
    told.push(progress);
    wake.resolve();
  }).finally(() => {
    ended = true;
    wake.resolve();
  });
  result.catch(() => {});
  while (!ended || told.length > 0) {
    const progress = told.shift();
    if (progress) yield { type: "progress", progress };
    else {
      await wake.promise;
      wake = Promise.withResolvers();
    }
  }
  yield { type: "done", ...(await result) };
}
