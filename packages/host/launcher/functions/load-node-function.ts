import http, { type Server } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import { FunctionHandlerMissingError } from "../errors.ts";
import type { FunctionListener } from "./function-server.ts";
import { type LambdaHandler, serveLambdaFunction } from "./lambda-function.ts";
import { adoptServer, captureListen, type ListenCapture } from "./listening-server.ts";
import { loadModule, unwrapDefault } from "./load-module.ts";
import { withPartialPages } from "./next-partial-pages.ts";
import { serveNodeFunction } from "./node-function.ts";
import { preloadNextEntries } from "./preload-next.ts";
import {
  httpMethods,
  orContinue,
  serveWebHandler,
  serveWebMethods,
  type WebContext,
  type WebHandler,
  type WebMethods,
} from "./web-function.ts";

/** How long an app may take from its module's end to `listen`, in milliseconds (it may connect to a database first). */
const listenLimitMs = 10_000;

/**
 * Loads a Node function and finds out how it wants to be called, in Vercel's order: Web exports, a function, an exported app or server, a
 * server that listens.
 *
 * @param holdProcess whether the launcher itself keeps the process alive.
 * @returns its server, listening only if the app made it listen.
 * @throws FunctionHandlerMissingError when nothing that it exports or does can answer a request.
 */
export async function loadNodeFunction(
  assignment: Assignment,
  context: WebContext,
  holdProcess: (yes: boolean) => void,
): Promise<Server> {
  const path = join(assignment.root, assignment.handler);
  const capture = captureListen(assignment.socketPath);
  const loaded = await loadModule(path);
  if (assignment.awsLambdaHandler) return lambdaServer(loaded, assignment);
  const exported = unwrapDefault(loaded);
  const server = (await exportedServer(exported, assignment, context, capture)) ?? capture.server;
  if (server !== undefined) {
    capture.release();
    await preloadNextEntries(path);
    return server;
  }
  const late = await listenedLater(capture, holdProcess);
  if (late !== undefined) return late;
  throw missingHandler(assignment.handler, loaded);
}

interface ExportedApp {
  fetch?: unknown;
  /** Express, Koa, Fastify, Hapi and Nest apps have it. */
  listen?: unknown;
  /** Koa. */
  callback?: () => FunctionListener;
  /** Fastify. */
  ready?: () => Promise<unknown>;
  /** Fastify. */
  server?: unknown;
  /** Hapi. */
  initialize?: () => Promise<unknown>;
  listener?: unknown;
  /** Nest. */
  init?: () => Promise<unknown>;
  getHttpServer?: () => unknown;
}

async function exportedServer(
  exported: unknown,
  assignment: Assignment,
  context: WebContext,
  capture: ListenCapture,
): Promise<Server | undefined> {
  if (exported === null || (typeof exported !== "object" && typeof exported !== "function")) return undefined;
  const app = exported as ExportedApp & WebMethods;
  const web = webServer(app, assignment, context);
  if (web !== undefined) return instead(capture, web);
  if (typeof exported === "function") {
    // An app that also listens has its WebSocket handlers on that server.
    if (typeof app.listen === "function") {
      return capture.server ?? serveNodeFunction(exported as FunctionListener, false);
    }
    const listener = withPartialPages(exported as FunctionListener);
    return instead(capture, serveNodeFunction(listener, assignment.shouldAddHelpers));
  }
  if (capture.server !== undefined) return capture.server;
  if (exported instanceof http.Server) return adopted(exported);
  if (typeof app.ready === "function" && app.server instanceof http.Server) {
    await app.ready();
    return adopted(app.server);
  }
  if (typeof app.initialize === "function" && app.listener instanceof http.Server) {
    await app.initialize();
    return adopted(app.listener);
  }
  if (typeof app.init === "function" && typeof app.getHttpServer === "function") {
    await app.init();
    const server = app.getHttpServer();
    return server instanceof http.Server ? adopted(server) : undefined;
  }
  if (typeof app.callback === "function" && typeof app.listen === "function") {
    return serveNodeFunction(app.callback(), false);
  }
  return undefined;
}

function webServer(
  app: ExportedApp & WebMethods,
  assignment: Assignment,
  context: WebContext,
): Server | undefined {
  if (typeof app.fetch === "function") {
    return serveWebHandler((app.fetch as WebHandler).bind(app), context);
  }
  const methods = httpMethods.filter((name) => typeof app[name] === "function");
  if (methods.length > 0) {
    return serveWebMethods(Object.fromEntries(methods.map((name) => [name, app[name]])), context);
  }
  if (assignment.useWebApi && typeof app === "function") {
    return serveWebHandler(orContinue(app as unknown as WebHandler), context);
  }
  return undefined;
}

/** The export answers, not the server that the module made listen beside it; that one gives the socket's path back. */
function instead(capture: ListenCapture, server: Server): Server {
  capture.server?.close();
  return server;
}

function adopted(server: Server): Server {
  adoptServer(server);
  return server;
}

/** Waits for an app that listens asynchronously; gives up early when the app has nothing left to do. */
async function listenedLater(
  capture: ListenCapture,
  holdProcess: (yes: boolean) => void,
): Promise<Server | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let giveUp = () => {};
  const nothingLeft = new Promise<undefined>((resolve) => {
    giveUp = () => {
      // Also keeps the loop turning for what comes next.
      holdProcess(true);
      resolve(undefined);
    };
    timer = setTimeout(giveUp, listenLimitMs).unref();
    process.once("beforeExit", giveUp);
  });
  holdProcess(false);
  const server = await Promise.race([capture.captured, nothingLeft]);
  clearTimeout(timer);
  process.off("beforeExit", giveUp);
  holdProcess(true);
  capture.release();
  return server;
}

function lambdaServer(loaded: unknown, assignment: Assignment): Server {
  const outer = loaded as { handler?: unknown } | null | undefined;
  const inner = unwrapDefault(loaded) as { handler?: unknown } | null | undefined;
  const handler = [outer?.handler, inner?.handler, inner].find((value) => typeof value === "function");
  if (handler === undefined) throw missingHandler(assignment.handler, loaded);
  return serveLambdaFunction(handler as LambdaHandler, assignment.handler, assignment.maxDurationS);
}

function missingHandler(handler: string, loaded: unknown): FunctionHandlerMissingError {
  return new FunctionHandlerMissingError(
    `Function ${handler} exports no handler: found ${describeExports(loaded)}`,
    {
      hint: `Export a default function (request, response), one of ${httpMethods.join(", ")}, an object with fetch, or an HTTP server that listens.`,
    },
  );
}

function describeExports(loaded: unknown): string {
  if (loaded === null || (typeof loaded !== "object" && typeof loaded !== "function")) {
    return `${loaded === null ? "null" : `a ${typeof loaded}`}`;
  }
  const names = Object.keys(loaded).filter((name) => name !== "__esModule" && name !== "module.exports");
  if (names.length === 0) return "no exports and no server that listens";
  return names
    .slice(0, 20)
    .map((name) => `${name} (${typeof (loaded as Record<string, unknown>)[name]})`)
    .join(", ");
}
