import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { join } from "node:path";
import {
  type DeploymentId,
  type EdgeToHost,
  type FunctionId,
  type HomeLayout,
  type HostToEdge,
  type InstanceId,
  readRequestOrigin,
  requestOriginHeader,
} from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import { functionId, type TestApp } from "./test-app.ts";

interface TestInstance {
  server: Server;
  running: Extract<HostToEdge, { type: "instance" }>;
}

/** A host that speaks the real protocol, and whose instances are HTTP servers of this process on real sockets. */
export class TestHost {
  /** Messages of edges. */
  readonly heard: EdgeToHost[] = [];
  private readonly links = new Set<MessageConnection<EdgeToHost, HostToEdge>>();
  private readonly listeners = new Map<FunctionId, RequestListener | "fails to start">();
  private readonly servers = new Map<string, Server>();
  private readonly instances = new Map<InstanceId, TestInstance>();
  private readonly socket: { stop(): void };
  private count = 0;

  constructor(private readonly layout: HomeLayout) {
    this.socket = listenForMessages<EdgeToHost, HostToEdge>(layout.hostSocket, (connection) => {
      this.links.add(connection);
      connection.onClose = () => this.links.delete(connection);
      connection.onMessage = (message) => {
        this.heard.push(message);
        if (message.type === "hello") {
          for (const { running } of this.instances.values()) connection.send(running);
        } else if (message.type === "need" && message.waiting > 0) {
          this.startInstance(message.deployment, message.function);
        }
      };
    });
  }

  know({ id, functions = {} }: TestApp): void {
    for (const [key, listener] of Object.entries(functions))
      this.listeners.set(functionId(id, key), listener);
  }

  /** Lets `server` answer for a function instead of its listener. */
  useServer(key: string, server: Server): void {
    this.servers.set(key, server);
  }

  /** Ends an instance as a crash would: its connections break and the host tells it. */
  crash(key: string): void {
    for (const instance of this.take(key)) this.tell({ type: "gone", instance });
  }

  /** Ends an instance without anybody being told. */
  loseSilently(key: string): void {
    this.take(key);
  }

  /** The host goes away; its instances stay. */
  leave(): void {
    this.socket.stop();
  }

  stop(): void {
    this.leave();
    for (const { server } of this.instances.values()) end(server);
  }

  private tell(message: HostToEdge): void {
    for (const link of this.links) link.send(message);
  }

  private take(key: string): InstanceId[] {
    const taken: InstanceId[] = [];
    for (const [id, { server, running }] of this.instances) {
      const { deployment, function: fn, socketPath } = running.instance;
      if (fn !== functionId(deployment, key)) continue;
      end(server);
      rmSync(socketPath, { force: true });
      this.instances.delete(id);
      taken.push(id);
    }
    return taken;
  }

  private startInstance(deployment: DeploymentId, fn: FunctionId): void {
    for (const { running } of this.instances.values()) if (running.instance.function === fn) return;
    const listener = this.listeners.get(fn);
    if (listener === undefined || listener === "fails to start") {
      const error = { code: "function_import_failed", message: "Cannot find module './missing.js'" };
      this.tell({ type: "failed", deployment, function: fn, error });
      return;
    }
    const id = `${deployment}-${(this.count++).toString(36)}` as InstanceId;
    const socketPath = join(this.layout.instanceSockets, `${id}.sock`);
    const own = [...this.servers].find(([key]) => functionId(deployment, key) === fn)?.[1];
    const server = own ?? createServer((request, response) => listener(withOrigin(request), response));
    const running = { type: "instance", instance: { id, deployment, function: fn, socketPath } } as const;
    this.instances.set(id, { server, running });
    server.listen(socketPath, () => this.tell(running));
  }
}

/** As the launcher does it. */
function withOrigin(request: IncomingMessage): IncomingMessage {
  const value = request.headers[requestOriginHeader];
  delete request.headers[requestOriginHeader];
  if (typeof value === "string") Object.assign(request.headers, readRequestOrigin(value));
  return request;
}

function end(server: Server): void {
  server.closeAllConnections();
  server.close();
}
