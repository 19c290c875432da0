import type { Block } from "../store/block.ts";
import type { LineTest } from "./log-query.ts";

const searched = ["text", "fields", "requestId"] as const;

/** Places of the lines of a block that are wanted, rising. */
export function matchingLines(block: Block, test: LineTest): number[] {
  const wantedSources = block.sources.map((source) => test.wantsSource(source));
  if (!wantedSources.includes(true)) return [];
  const { pattern } = test;
  const worth = pattern ? linesWith(block, pattern) : undefined;
  const places: number[] = [];
  const { levels, times } = block;
  const look = (place: number) => {
    const atMs = times[place]!;
    if ((test.levels & (1 << levels[place]!)) === 0 || atMs < test.sinceMs || atMs >= test.untilMs) return;
    if (!wantedSources[block.sourcePlace(place)]) return;
    if (test.hasFields) {
      const fields = block.part("fields", place);
      if (!test.wantsFields({ fields, requestId: block.part("requestId", place) })) return;
    }
    places.push(place);
  };
  if (worth) for (const place of worth) look(place);
  else for (let place = 0; place < block.head.count; place++) look(place);
  return places;
}

/** Whole columns are searched, not lines: most blocks hold the text nowhere. */
function linesWith(block: Block, pattern: RegExp): number[] {
  const found = new Set<number>();
  for (const name of searched) {
    const column = block.column(name);
    pattern.lastIndex = 0;
    let place = 0;
    for (let match = pattern.exec(column); match; match = pattern.exec(column)) {
      const starts = block.lineStarts(name);
      while (starts[place + 1]! <= match.index) place++;
      found.add(place);
      pattern.lastIndex = starts[place + 1]!;
    }
  }
  return [...found].sort((one, two) => one - two);
}
