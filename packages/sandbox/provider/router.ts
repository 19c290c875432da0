/** Finds the route of a request. Routes with more fixed pieces go first, as in `/call/list` before `/call/:id`. */
export class Router<Route extends { method: string; path: string }> {
  private readonly compiled: { route: Route; pattern: RegExp; names: string[] }[];

  constructor(routes: readonly Route[]) {
    this.compiled = routes
      .toSorted((a, b) => placeholders(a.path).length - placeholders(b.path).length)
      .map((route) => ({
        route,
        names: placeholders(route.path),
        pattern: new RegExp(
          `^${route.path
            .split(/:\w+/)
            .map((fixed) => fixed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
            .join("([^/]+?)")}/?$`,
        ),
      }));
  }

  find(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const { route, pattern, names } of this.compiled) {
      if (route.method !== method) continue;
      const match = pattern.exec(path);
      if (!match) continue;
      const pieces = match.slice(1).map(decode);
      if (pieces.includes(undefined)) return undefined;
      return { route, params: Object.fromEntries(names.map((name, index) => [name, pieces[index]!])) };
    }
    return undefined;
  }

  /** `POST /call`, … */
  list(): string[] {
    return this.compiled.map(({ route }) => `${route.method} ${route.path}`).sort();
  }
}

const placeholders = (path: string): string[] => Array.from(path.matchAll(/:(\w+)/g), ([, name]) => name!);

function decode(piece: string): string | undefined {
  try {
    return decodeURIComponent(piece);
  } catch {
    return undefined;
  }
}
