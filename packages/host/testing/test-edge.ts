import type { EdgeToHost, ErrorJson, HostToEdge, RunningInstance } from "@evenkeel/model";
import { connectForMessages, type MessageConnection } from "@evenkeel/wire";
import type { TestDeployment, TestPlatform } from "./test-platform.ts";
import { until } from "./until.ts";

/** The test as an edge. */
export class TestEdge {
  readonly instances = new Map<string, RunningInstance>();
  readonly drained: string[] = [];
  readonly failures: Extract<HostToEdge, { type: "failed" }>[] = [];
  /** Confirms drains at once; off: the test does. */
  confirmsDrains = true;

  private constructor(readonly connection: MessageConnection<HostToEdge, EdgeToHost>) {}

  static async connect(platform: TestPlatform): Promise<TestEdge> {
    const connection = await connectForMessages<HostToEdge, EdgeToHost>(platform.layout.hostSocket);
    const edge = new TestEdge(connection);
    connection.onMessage = (message) => edge.receive(message);
    connection.send({ type: "hello", role: "edge", name: "edge-test" });
    return edge;
  }

  of(deployment: TestDeployment): RunningInstance[] {
    return [...this.instances.values()].filter((instance) => instance.deployment === deployment.id);
  }

  need({ id, function: fn }: TestDeployment, waiting = 1): void {
    this.connection.send({ type: "need", deployment: id, function: fn, waiting });
  }

  /** An instance, asked for until it is there. */
  async instance(deployment: TestDeployment): Promise<RunningInstance> {
    this.failures.length = 0;
    let saidMs = 0;
    return until(() => {
      const [found] = this.of(deployment);
      const failure = this.failures.find((message) => message.deployment === deployment.id);
      if (failure) throw new Error(failure.error.message);
      if (!found && performance.now() - saidMs > 250) {
        saidMs = performance.now();
        this.need(deployment);
      }
      return found;
    });
  }

  async failure(deployment: TestDeployment): Promise<ErrorJson> {
    this.failures.length = 0;
    this.need(deployment);
    return (await until(() => this.failures.find((message) => message.deployment === deployment.id))).error;
  }

  load(inFlight: Record<string, number>): void {
    this.connection.send({ type: "load", inFlight: inFlight as never });
  }

  close(): void {
    this.connection.close();
  }

  private receive(message: HostToEdge): void {
    if (message.type === "instance") this.instances.set(message.instance.id, message.instance);
    else if (message.type === "failed") this.failures.push(message);
    else {
      this.instances.delete(message.instance);
      if (message.type === "drain") {
        this.drained.push(message.instance);
        if (this.confirmsDrains) this.connection.send({ type: "drained", instance: message.instance });
      }
    }
  }
}

/** The answer of an instance, as text. */
export async function get(instance: RunningInstance, path = "/"): Promise<string> {
  const response = await fetch(`http://localhost${path}`, {
    unix: instance.socketPath,
    keepalive: false,
  } as RequestInit);
  return response.text();
}
