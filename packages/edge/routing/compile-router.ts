import { webProcess } from "@evenkeel/model";
import { AnswerState } from "./answer-state.ts";
import { canonicalPath } from "./canonical-path.ts";
import { Conclusion, concludeWithStatus } from "./conclusion.ts";
import { OutputIndex } from "./output-index.ts";
import type { Resolution } from "./resolution.ts";
import { RouteMemory } from "./route-memory.ts";
import { RouteRun, type RouteTableContext } from "./route-run.ts";
import { compileRouteTable } from "./route-table.ts";
import type { CompileRouter, RoutedRequest } from "./router.ts";

/** Longer paths are refused, so that an app's regular expressions see bounded text only. */
const pathLimit = 8_192;
/** Longer paths are resolved each time. */
const rememberedPathLimit = 1_024;

const tooLong = concludeWithStatus(414, "URL_TOO_LONG", AnswerState.empty);

/** Compiles the routes of a build output once, so that a request costs little. */
export const compileRouter: CompileRouter = (output, options) => {
  const context: RouteTableContext = {
    table: compileRouteTable(output, options),
    index: new OutputIndex(output),
    images: output.images !== undefined,
    web: output.services?.processes[webProcess] !== undefined,
    wildcard: new Map((output.wildcard ?? []).map(({ domain, value }) => [domain.toLowerCase(), value])),
  };
  const memory = new RouteMemory();

  return {
    resolve(request: RoutedRequest): Resolution {
      const { path } = request;
      const remembered = memory.recall(path, request);
      if (remembered) return remembered.for(request.query);
      if (path.length > pathLimit) return tooLong.for("");
      const run = new RouteRun(context, request, canonicalPath(path));
      const step = run.run();
      if (step instanceof Conclusion && run.repeatable && path.length <= rememberedPathLimit) {
        // What no output serves is not kept: anybody can ask for any number of such paths.
        const { kind } = step.for("");
        if (kind !== "status" && kind !== "web") memory.remember(path, run.asked, step);
      }
      return run.finish(step);
    },
    resolveError(request, status) {
      const run = new RouteRun(context, request, canonicalPath(request.path.slice(0, pathLimit)));
      return run.finish(run.fail(status));
    },
  };
};
