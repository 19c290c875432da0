import { AnswerState } from "./answer-state.ts";
import { canonicalPath } from "./canonical-path.ts";
import {
  Conclusion,
  concludeWithImage,
  concludeWithOutput,
  concludeWithProxy,
  concludeWithRedirect,
  concludeWithStatus,
  concludeWithWeb,
  type Findings,
  formatMatches,
  forwardedRequest,
} from "./conclusion.ts";
import type { Guard } from "./guard.ts";
import { preferredLocale } from "./locale.ts";
import { isOwnHost, rewriteTarget } from "./middleware-answer.ts";
import type { OutputEntry, OutputIndex } from "./output-index.ts";
import { overrideParameters } from "./query-string.ts";
import { RequestView } from "./request-view.ts";
import type { MiddlewareNext, MiddlewareStep, Pairs, Resolution } from "./resolution.ts";
import type { CompiledRoute, RoutePhase, RouteTable } from "./route-table.ts";
import type { RoutedRequest } from "./router.ts";
import type { Captures } from "./template.ts";

/** What a run works with; the same for every request of an output. */
export interface RouteTableContext {
  table: RouteTable;
  index: OutputIndex;
  /** The output answers `/_vercel/image` and `/_next/image`. */
  images: boolean;
  /** What no output answers goes to `web` processes. */
  web: boolean;
  wildcard: ReadonlyMap<string, string>;
}

/** Phases in which a middleware may be met; the others are run by a look-up. */
const stages: readonly RoutePhase[] = ["none", "filesystem", "resource"];

const imagePath = /^\/_(?:next|vercel)\/image\/?$/;

/**
 * One request's way through the phases.
 *
 * - Routes before the first `handle`, then a look-up; `filesystem` routes, then a look-up and the `rewrite` routes; `resource` routes, then a
 *   look-up; then `web` processes, else 404. A look-up that finds nothing tries the `miss` routes. What is found passes the `hit` routes; what fails, the `error` routes.
 * - `continue` goes on with the next route of the phase, `check` looks up its destination and tries `rewrite` routes first; any other match
 *   ends its phase. A status without a destination ends routing, and so does a redirect.
 * - `miss` and `rewrite` routes that lead nowhere have changed nothing.
 * - At a middleware the run stops; `resume` goes on behind it.
 */
export class RouteRun {
  /** Guards in the order in which they were asked, with their answers: the same answers lead the same way. */
  readonly asked: { guard: Guard; passed: boolean }[] = [];
  /** False once something other than the path and the guards has decided. */
  repeatable = true;

  private readonly view: RequestView;
  private path: string;
  private pagePath: string | undefined;
  private matched: RegExpExecArray | undefined;
  private added: Pairs = [];
  private answer = AnswerState.empty;
  private status: number | undefined;
  /** A look-up of this path found nothing. */
  private missedPath: string | undefined;
  private stage = 0;
  private position = 0;
  private readonly ranMiddleware = new Set<string>();

  constructor(
    private readonly context: RouteTableContext,
    request: RoutedRequest,
    path: string,
  ) {
    this.view = new RequestView(request);
    this.path = path;
  }

  /** Until the end or the next middleware. */
  run(): Conclusion | MiddlewareStep {
    for (; this.stage < stages.length; this.stage++, this.position = 0) {
      const phase = stages[this.stage]!;
      const routes = this.context.table[phase];
      while (this.position < routes.length) {
        const step = this.tryRoute(routes[this.position++]!);
        if (step === "stop") break;
        if (step !== undefined) return step;
      }
      const found = this.lookUp() ?? (phase === "filesystem" ? this.rewrite() : undefined);
      if (found) return found;
    }
    return this.context.web ? concludeWithWeb(this.findings()) : this.fail(404);
  }

  /** The output's page for a failure, else the bare status. */
  fail(status: number, code = status === 404 ? "NOT_FOUND" : ""): Conclusion {
    const { path } = this;
    for (const route of this.context.table.error) {
      if (route.status !== undefined && route.status !== status) continue;
      const captures = this.match(route);
      if (!captures) continue;
      this.setHeaders(route, captures, true);
      if (!route.destination) continue;
      this.status = status;
      const external = this.follow(route, captures);
      if (external) return external;
      const entry = this.context.index.find(this.path);
      if (entry) return this.hit(entry);
      this.path = path;
    }
    return concludeWithStatus(status, code, this.answer);
  }

  /** For the query as it stands now. */
  finish(step: Conclusion | MiddlewareStep): Resolution {
    return step instanceof Conclusion ? step.for(this.view.query) : step;
  }

  /** A route of one of the `stages`. `undefined`: go on with the next one. */
  private tryRoute(route: CompiledRoute): Conclusion | MiddlewareStep | "stop" | undefined {
    const captures = this.match(route);
    if (!captures) return undefined;
    const end = this.applyRoute(route, captures, true);
    if (end) return end;
    if (route.middleware && !this.ranMiddleware.has(route.middleware.key)) return this.middlewareStep(route);
    if (route.check) {
      const found = this.lookUp() ?? this.rewrite();
      if (found) return found;
      return route.status !== undefined && route.status >= 400 ? this.fail(route.status) : undefined;
    }
    if (route.continues) return undefined;
    if (route.status === undefined) return "stop";
    return (route.destination && (this.lookUp() ?? this.rewrite())) ?? this.fail(route.status);
  }

  /** What answers at the present path, after the `miss` routes if need be. */
  private lookUp(): Conclusion | undefined {
    if (this.path === this.missedPath) return undefined;
    const found = this.find() ?? this.tryAside("miss", () => this.find());
    if (!found) this.missedPath = this.path;
    return found;
  }

  private rewrite(): Conclusion | undefined {
    return this.tryAside("rewrite", () => this.lookUp());
  }

  /** Runs the routes of `miss` or `rewrite`; everything is as before if they lead nowhere. */
  private tryAside(phase: "miss" | "rewrite", find: () => Conclusion | undefined): Conclusion | undefined {
    const routes = this.context.table[phase];
    if (routes.length === 0) return undefined;
    const { path, pagePath, matched, added, answer, status } = this;
    const request = this.view.save();
    for (const route of routes) {
      const captures = this.match(route);
      if (!captures) continue;
      if (phase === "rewrite" && route.destination) this.pagePath = this.path;
      const end = this.applyRoute(route, captures, phase !== "miss");
      if (end) return end;
      if (route.continues && !route.check) continue;
      const found = find();
      if (found) return found;
      if (route.status !== undefined && route.status >= 400) return this.fail(route.status);
      if (!route.check) break;
    }
    Object.assign(this, { path, pagePath, matched, added, answer, status });
    this.view.restore(request);
    return undefined;
  }

  private find(): Conclusion | undefined {
    const entry = this.context.index.find(this.path);
    if (entry) return this.hit(entry);
    return this.context.images && imagePath.test(this.path) ? concludeWithImage(this.findings()) : undefined;
  }

  private hit(entry: OutputEntry): Conclusion {
    for (const route of this.context.table.hit) {
      // Only routes that go on may stand here: a hit is final.
      const captures = route.continues ? this.match(route) : undefined;
      if (captures) this.setHeaders(route, captures, false);
    }
    return concludeWithOutput(entry, this.findings());
  }

  /** `undefined`: the route does not concern this request. */
  private match(route: CompiledRoute): Captures | undefined {
    const match = route.pattern.exec(this.path);
    if (!match) return undefined;
    const { guard } = route;
    if (guard) {
      const passed = guard.passes(this.view);
      this.asked.push({ guard, passed });
      if (!passed) return undefined;
    }
    const { usesConditions, usesWildcard, locale, middleware, transforms } = route;
    if (usesConditions || usesWildcard || locale || middleware || transforms.some((each) => !each.repeatable))
      this.repeatable = false;
    return {
      match,
      conditions: usesConditions ? guard!.captures(this.view) : undefined,
      wildcard: usesWildcard ? (this.context.wildcard.get(this.view.request.host) ?? "") : "",
    };
  }

  /** Headers, transforms, status and destination; the end if they redirect, refuse or leave this output. */
  private applyRoute(route: CompiledRoute, captures: Captures, replace: boolean): Conclusion | undefined {
    if (route.denied) {
      this.answer = this.answer.setImportant("x-vercel-mitigated", "deny", true);
      return concludeWithStatus(403, "FORBIDDEN", this.answer);
    }
    const translated = this.localeRedirect(route, captures);
    if (translated) return translated;
    this.setHeaders(route, captures, replace);
    if (route.redirect) {
      const { status, location } = route.redirect;
      return concludeWithRedirect(status, location.fill(captures), this.answer);
    }
    if (route.status !== undefined) this.status = route.status;
    return this.follow(route, captures);
  }

  private setHeaders(route: CompiledRoute, captures: Captures, replace: boolean): void {
    for (const transform of route.transforms) {
      this.answer = transform.apply(this.view, this.answer, captures);
    }
    this.answer = this.answer.withRoute(route, captures, replace);
  }

  /** Goes to the route's destination; the end if that is outside. */
  private follow(route: CompiledRoute, captures: Captures): Conclusion | undefined {
    if (!route.destination) return undefined;
    const to = route.destination.fill(captures);
    this.added = overrideParameters(this.added, to.parameters);
    // A route that goes on only prepares the path (Next.js adds `.rsc` so); its groups are no page's parameters.
    if (!route.continues) this.matched = captures.match;
    const [scheme, host] = to.origin.split("//");
    if (host !== undefined && !isOwnHost(host, this.view.request.hostPort)) {
      return concludeWithProxy(`${scheme || "https:"}//${host}${to.path}`, this.findings());
    }
    this.path = canonicalPath(to.path);
    return undefined;
  }

  private localeRedirect(route: CompiledRoute, captures: Captures): Conclusion | undefined {
    if (!route.locale) return undefined;
    const locale = preferredLocale(route.locale.destinations, route.locale.cookie, this.view);
    if (locale === undefined) return undefined;
    const to = route.locale.destinations.get(locale)!.fill(captures);
    // The default locale lives at the very path that asks.
    const stays = to.origin === "" && to.path === this.path;
    return stays ? undefined : concludeWithRedirect(307, to, this.answer);
  }

  private middlewareStep(route: CompiledRoute): MiddlewareStep {
    const { key, function: id } = route.middleware!;
    this.ranMiddleware.add(key);
    return {
      kind: "middleware",
      key,
      function: id,
      path: this.path,
      ...this.answer.finished(),
      ...forwardedRequest(this.findings())(this.view.query),
      resume: (next) => this.resume(next, route),
    };
  }

  private resume(next: MiddlewareNext, route: CompiledRoute): Resolution {
    if (next.requestHeaders) this.view.replaceHeaders(next.requestHeaders);
    for (const [name, value] of next.responseHeaders) {
      const state = this.answer;
      this.answer = name === "set-cookie" ? state.append(name, value) : state.set(name, value, true);
    }
    // Changed headers may let other `miss` routes pass.
    this.missedPath = undefined;
    if (next.rewrite !== undefined) {
      const target = rewriteTarget(next.rewrite, this.view.request.hostPort);
      if (!target) return this.finish(this.fail(500, "MIDDLEWARE_INVOCATION_FAILED"));
      this.added = [];
      this.view.query = target.query;
      if ("external" in target) return this.finish(concludeWithProxy(target.external, this.findings()));
      this.path = canonicalPath(target.path);
    }
    if (!route.continues) this.position = Number.POSITIVE_INFINITY;
    return this.finish(this.run());
  }

  private findings(): Findings {
    const { answer, status, added, path, view, matched } = this;
    return {
      answer,
      status,
      added,
      path,
      view,
      pagePath: this.pagePath ?? path,
      routeMatches: matched ? formatMatches(matched) : "",
    };
  }
}
