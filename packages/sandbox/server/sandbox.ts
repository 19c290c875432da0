import { createHmac } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { dirname, join } from "node:path";
import { loadOrCreateKey, writeFileDurably } from "@evenkeel/disk";
import type { HomeLayout, SandboxRoutes } from "@evenkeel/model";
import { AccountRegistry } from "../accounts/account-registry.ts";
import { AdminAudit } from "../admin/admin-audit.ts";
import { AdminServer, adminPrefix } from "../admin/admin-server.ts";
import { servePage } from "../page/serve-page.ts";
import { type Listener, listenOnKeptPort } from "../provider/listener.ts";
import type { Provider } from "../provider/provider.ts";
import { Store } from "../store/store.ts";
import type { EdgeAddress } from "../webhooks/deliver.ts";
import { loadOrCreateCertificate } from "./certificate.ts";
import { sever, TwinServer } from "./twin-server.ts";

export interface SandboxOptions {
  layout: Pick<
    HomeLayout,
    "sandbox" | "sandboxRoutes" | "sandboxSocket" | "sandboxKey" | "sandboxCertificate" | "apiToken"
  >;
  edge: EdgeAddress;
  providers: readonly Provider[];
}

const loopback = "127.0.0.1";

/**
 * The twins of the outside providers, on three listeners: a port for apps and people, one with TLS that answers for the providers' own host
 * names, and a socket for the platform. Both ports are chosen at the first start and kept.
 */
export class Sandbox {
  private constructor(
    readonly accounts: AccountRegistry,
    readonly routes: SandboxRoutes,
    private readonly store: Store,
    private readonly servers: Server[],
    private readonly listeners: Listener[],
  ) {}

  static async start({ layout, edge, providers: list }: SandboxOptions): Promise<Sandbox> {
    mkdirSync(layout.sandbox, { recursive: true, mode: 0o700 });
    const providers = new Map(list.map((provider) => [provider.name, provider]));
    const store = new Store(join(layout.sandbox, "state.db"));
    const masterKey = loadOrCreateKey(layout.sandboxKey);
    const base = () => `http://${loopback}:${routes.port}`;
    const port = (provider: string) => routes.listeners[provider] ?? 0;
    const accounts = new AccountRegistry({ store, edge, masterKey, providers, base, port });
    const flush = () => store.flush();
    const twins = new TwinServer(providers, accounts, flush);
    const known = readRoutes(layout.sandboxRoutes);
    // Complete once the ports are known, before anybody can ask.
    const routes: SandboxRoutes = {
      ...{ port: 0, tlsPort: 0, certificate: "", listeners: {}, ...accounts.exceptions() },
      hosts: Object.fromEntries(list.map(({ name, hosts }) => [name, [...hosts]])),
    };
    const publish = () => {
      Object.assign(routes, accounts.exceptions());
      writeFileDurably(layout.sandboxRoutes, JSON.stringify(routes), 0o600);
    };
    const pageToken = createHmac("sha256", masterKey).update("page").digest("hex").slice(0, 40);
    const admin = new AdminServer(
      { accounts, providers, base, publish, pageToken },
      () => readToken(layout.apiToken),
      new AdminAudit(store),
      flush,
    );
    const open = (incoming: IncomingMessage, response: ServerResponse) => {
      guard(response, async () => {
        if (incoming.url?.startsWith(adminPrefix)) return admin.serve(incoming, response, false);
        if (servePage(incoming, response)) return;
        if (!(await twins.serve(incoming, response))) notFound(response);
      });
    };
    const certificate = await loadOrCreateCertificate(
      layout.sandboxCertificate,
      list.flatMap((provider) => provider.hosts),
    );
    const plain = createServer(open);
    const tls = createTlsServer({ cert: certificate.certificate, key: certificate.privateKey }, open);
    const own = createServer((incoming, response) =>
      guard(response, () => admin.serve(incoming, response, true)),
    );
    routes.certificate = certificate.certificate;
    routes.port = await listenOnKeptPort(plain, known?.port);
    routes.tlsPort = await listenOnKeptPort(tls, known?.tlsPort);
    const listeners: Listener[] = [];
    for (const { name, listen } of list) {
      if (!listen) continue;
      const listener = await listen({ accounts, port: known?.listeners?.[name] ?? 0, flush });
      routes.listeners[name] = listener.port;
      listeners.push(listener);
    }
    await listenAt(own, layout.sandboxSocket);
    publish();
    return new Sandbox(accounts, routes, store, [plain, tls, own], listeners);
  }

  async stop(): Promise<void> {
    this.accounts.stop();
    await Promise.all(this.listeners.map((listener) => listener.stop()));
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    this.store.close();
  }
}

function guard(response: ServerResponse, serve: () => Promise<void>): void {
  serve().catch((error) => {
    console.error("sandbox: a request failed:", error);
    sever(response);
  });
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code: "provider_unknown", message: "No twin answers here" } }));
}

function listenAt(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  // What a killed process left. The supervisor starts one sandbox at a time.
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve();
    });
  });
}

function readRoutes(path: string): SandboxRoutes | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as SandboxRoutes;
  } catch {
    return undefined;
  }
}

/** Read anew each time: control makes it, maybe after the sandbox has started. */
function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
