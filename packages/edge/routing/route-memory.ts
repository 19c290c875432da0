import type { Conclusion } from "./conclusion.ts";
import type { Guard } from "./guard.ts";
import { RequestView } from "./request-view.ts";
import type { RoutedRequest } from "./router.ts";

interface Remembered {
  asked: readonly { guard: Guard; passed: boolean }[];
  conclusion: Conclusion;
}

/** One path leads to several ends only where guards decide (page and its RSC form): more than these are not kept. */
const endsPerPath = 4;

/**
 * Where paths led, so that a path asked again costs one look-up and its guards. Two generations of a Map stand for an LRU: when the young one is
 * full it becomes the old one and the old one is dropped, so the memory is bounded and a hit moves nothing.
 */
export class RouteMemory {
  private young = new Map<string, Remembered[]>();
  private old = new Map<string, Remembered[]>();

  /** @param pathsPerGeneration at most twice as many paths are kept. */
  constructor(private readonly pathsPerGeneration = 2_048) {}

  recall(path: string, request: RoutedRequest): Conclusion | undefined {
    let ends = this.young.get(path);
    if (!ends) {
      ends = this.old.get(path);
      if (!ends) return undefined;
      this.keep(path, ends);
    }
    let view: RequestView | undefined;
    for (const { asked, conclusion } of ends) {
      if (asked.length === 0) return conclusion;
      view ??= new RequestView(request);
      if (answersAlike(asked, view)) return conclusion;
    }
    return undefined;
  }

  remember(path: string, asked: Remembered["asked"], conclusion: Conclusion): void {
    const ends = this.young.get(path);
    if (!ends) this.keep(path, [{ asked: distinct(asked), conclusion }]);
    else if (ends.length < endsPerPath) ends.push({ asked: distinct(asked), conclusion });
  }

  private keep(path: string, ends: Remembered[]): void {
    if (this.young.size >= this.pathsPerGeneration) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(path, ends);
  }
}

function answersAlike(asked: Remembered["asked"], view: RequestView): boolean {
  for (const { guard, passed } of asked) if (guard.passes(view) !== passed) return false;
  return true;
}

/** Routes often share a guard (all RSC routes of Next.js do); the same question has the same answer. */
function distinct(asked: Remembered["asked"]): Remembered["asked"] {
  return [...new Map(asked.map((question) => [question.guard.key, question])).values()];
}
