import type { AnswerHeaders, HeaderTest, Pairs } from "./resolution.ts";

import type { CompiledRoute } from "./route-table.ts";
import type { Captures } from "./template.ts";

/** The headers that routes have put on the answer so far. Immutable, so that a phase that leads nowhere can be undone. */
export class AnswerState implements AnswerHeaders {
  static readonly empty = new AnswerState([], [], [], [], []);

  private constructor(
    readonly headers: Pairs,
    readonly importantHeaders: Pairs,
    readonly appendedHeaders: Pairs,
    readonly deletedHeaders: readonly string[],
    readonly tests: readonly HeaderTest[],
  ) {}

  /** @param replace whether a header of that name that is there already gives way. */
  set(name: string, value: string, replace: boolean): AnswerState {
    const headers = withPair(this.headers, name, value, replace);
    return this.with({ headers });
  }

  setImportant(name: string, value: string, replace: boolean): AnswerState {
    const importantHeaders = withPair(this.importantHeaders, name, value, replace);
    return this.with({ importantHeaders });
  }

  /** @param replace whether its headers take the place of those that are there already; a route that says `override` does so anyway. */
  withRoute(route: CompiledRoute, captures: Captures, replace: boolean): AnswerState {
    const wins = replace || route.override;
    let answer: AnswerState = this;
    for (const { name, value } of route.headers) {
      const text = value.fill(captures, "header");
      if (route.important) answer = answer.setImportant(name, text, wins);
      else if (wins || answer.value(name) === undefined) answer = answer.set(name, text, wins);
    }
    return answer;
  }

  append(name: string, value: string): AnswerState {
    return this.with({ appendedHeaders: [...this.appendedHeaders, [name, value]] });
  }

  /** Takes off what routes have set until now, and what the answer itself will bring. */
  delete(name: string): AnswerState {
    const others = (pairs: Pairs) => pairs.filter(([other]) => other !== name);
    return new AnswerState(
      others(this.headers),
      others(this.importantHeaders),
      others(this.appendedHeaders),
      this.deletedHeaders.includes(name) ? this.deletedHeaders : [...this.deletedHeaders, name],
      this.tests,
    );
  }

  test(test: HeaderTest): AnswerState {
    return this.with({ tests: [...this.tests, test] });
  }

  value(name: string): string | undefined {
    return (this.importantHeaders.find(([other]) => other === name) ??
      this.headers.find(([other]) => other === name))?.[1];
  }

  /** As a resolution holds it; a plain header that an important one replaces is left out. */
  finished(): AnswerHeaders {
    const { importantHeaders, appendedHeaders, deletedHeaders } = this;
    const important = new Set(importantHeaders.map(([name]) => name));
    const headers = this.headers.filter(([name]) => !important.has(name));
    const finished: AnswerHeaders = { headers, importantHeaders, appendedHeaders, deletedHeaders };
    if (this.tests.length > 0) finished.headerTests = this.tests;
    return finished;
  }

  private with(
    change: Partial<Pick<AnswerState, "headers" | "importantHeaders" | "appendedHeaders" | "tests">>,
  ) {
    return new AnswerState(
      change.headers ?? this.headers,
      change.importantHeaders ?? this.importantHeaders,
      change.appendedHeaders ?? this.appendedHeaders,
      this.deletedHeaders,
      change.tests ?? this.tests,
    );
  }
}

function withPair(pairs: Pairs, name: string, value: string, replace: boolean): Pairs {
  if (!pairs.some(([other]) => other === name)) return [...pairs, [name, value]];
  return replace ? [...pairs.filter(([other]) => other !== name), [name, value]] : pairs;
}
