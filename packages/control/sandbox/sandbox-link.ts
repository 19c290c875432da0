import { setTimeout as sleep } from "node:timers/promises";
import type { AppName, SandboxAttachment } from "@evenkeel/model";
import { SandboxUnreachableError } from "../errors.ts";

export interface SandboxName {
  app: AppName;
  environment: string;
}

/** The supervisor starts it again within seconds. */
const limitMs = 15_000;
const retryMs = 200;

/** Asks the twins of outside providers on `run/sandbox.sock`. Every request may be repeated. */
export class SandboxLink {
  /** @param routesPath where the sandbox says how its twins are reached */
  constructor(
    private readonly socketPath: string,
    readonly routesPath: string,
  ) {}

  /** Lets a twin fail in one account. @returns the fault's id @throws SandboxUnreachableError */
  async addFault({ app, environment }: SandboxName, rule: object): Promise<string> {
    return ((await this.ask("POST", `/accounts/${app}/${environment}/faults`, rule)) as { id: string }).id;
  }

  async removeFault({ app, environment }: SandboxName, id: string): Promise<void> {
    await this.ask("DELETE", `/accounts/${app}/${environment}/faults/${id}`);
  }

  /** The account of an app environment, made where it is missing and the environment is one that has twins. @throws SandboxUnreachableError */
  async attach({ app, environment }: SandboxName): Promise<SandboxAttachment> {
    return (await this.ask("PUT", `/accounts/${app}/${environment}/attach`)) as SandboxAttachment;
  }

  /** Forgets all that twins know of an app. @throws SandboxUnreachableError */
  async forget(app: AppName): Promise<void> {
    await this.ask("DELETE", `/accounts/${app}`);
  }

  private async ask(method: string, path: string, body?: object): Promise<unknown> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      try {
        const response = await fetch(`http://sandbox${path}`, {
          method,
          ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
          unix: this.socketPath,
        } as RequestInit);
        if (response.ok) return await response.json();
        throw new SandboxUnreachableError(`The sandbox answered ${response.status}`);
      } catch (error) {
        if (error instanceof SandboxUnreachableError) throw error;
        if (Date.now() > deadline)
          throw new SandboxUnreachableError("The sandbox does not answer", { cause: error });
        await sleep(retryMs);
      }
    }
  }
}
