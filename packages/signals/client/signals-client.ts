import type {
  Exposition,
  FromSignals,
  KnownSignal,
  SignalAnswer,
  SignalFilter,
  SignalOverview,
  SignalQuery,
  SignalSample,
  SignalSecond,
  ToSignals,
} from "@evenkeel/model";
import { ReportedError } from "@evenkeel/model/errors";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";
import { SignalsUnavailableError } from "../errors.ts";

interface Waiting {
  take: (message: FromSignals) => void;
  fail: (error: Error) => void;
}

/**
 * A reader of signals over `run/signals.sock`. Connects when it is first asked and stays connected; subscriptions go on after the process of
 * signals was away.
 */
export class SignalsClient {
  private link: { stop(): void } | undefined;
  private connection: MessageConnection<FromSignals, ToSignals> | undefined;
  private opened = Promise.withResolvers<void>();
  private readonly waiting = new Map<number, Waiting>();
  private readonly subscriptions = new Map<
    number,
    { filter: SignalFilter; onSecond: (second: SignalSecond) => void }
  >();
  private lastId = 0;

  constructor(
    private readonly socketPath: string,
    /** How long an answer may take, in milliseconds; default 10,000. */
    private readonly limitMs = 10_000,
  ) {}

  /** @throws SignalsUnavailableError, ReportedError with the code `signal_query_invalid` */
  async query(query: SignalQuery): Promise<SignalAnswer> {
    const message = await this.ask((id) => ({ type: "query", id, query }));
    return (message as Extract<FromSignals, { type: "answer" }>).answer;
  }

  /** What is measured of an app. @throws SignalsUnavailableError */
  async catalogue(app: string, environment?: string): Promise<KnownSignal[]> {
    const message = await this.ask((id) => ({ type: "catalogue", id, app, environment }));
    return (message as Extract<FromSignals, { type: "catalogue" }>).signals;
  }

  /** What was measured lately of all apps. @throws SignalsUnavailableError */
  async overview(windowMs: number): Promise<SignalOverview> {
    const message = await this.ask((id) => ({ type: "overview", id, windowMs }));
    return (message as Extract<FromSignals, { type: "overview" }>).overview;
  }

  /** For scrapers; of all apps and the platform without `apps`. @throws SignalsUnavailableError */
  async exposition(format: Exposition, apps?: string[]): Promise<string> {
    const message = await this.ask((id) => ({ type: "exposition", id, format, ...(apps && { apps }) }));
    return (message as Extract<FromSignals, { type: "exposition" }>).text;
  }

  /** Everything that was measured in the minute that began at `atMs`. @throws SignalsUnavailableError */
  async minute(atMs: number): Promise<SignalSample[]> {
    const message = await this.ask((id) => ({ type: "minute", id, atMs }));
    return (message as Extract<FromSignals, { type: "minute" }>).samples;
  }

  /** Tells each new second until the returned function is called. While the process of signals is away, nothing is told. */
  subscribe(filter: SignalFilter, onSecond: (second: SignalSecond) => void): () => void {
    this.connect();
    const id = ++this.lastId;
    this.subscriptions.set(id, { filter, onSecond });
    this.connection?.send({ type: "subscribe", id, filter });
    return () => {
      this.subscriptions.delete(id);
      this.connection?.send({ type: "unsubscribe", id });
    };
  }

  stop(): void {
    this.link?.stop();
    this.failAll("the connection was closed");
  }

  private async ask(message: (id: number) => ToSignals): Promise<FromSignals> {
    this.connect();
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<FromSignals>();
    const timer = setTimeout(
      () => reject(new SignalsUnavailableError(`no answer within ${this.limitMs} ms`)),
      this.limitMs,
    );
    this.waiting.set(id, { take: resolve, fail: reject });
    try {
      await Promise.race([this.opened.promise, promise]);
      this.connection?.send(message(id));
      const answer = await promise;
      if (answer.type === "error") {
        throw new ReportedError(
          answer.error,
          answer.error.code === "signal_query_invalid" ? "user" : "platform",
        );
      }
      return answer;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
    }
  }

  private connect(): void {
    this.link ??= keepConnected<FromSignals, ToSignals>(this.socketPath, (connection) => {
      this.connection = connection;
      connection.onMessage = (message) => this.receive(message);
      connection.onClose = () => {
        this.connection = undefined;
        this.opened = Promise.withResolvers();
        this.failAll("it went away");
      };
      for (const [id, { filter }] of this.subscriptions) connection.send({ type: "subscribe", id, filter });
      this.opened.resolve();
    });
  }

  private receive(message: FromSignals): void {
    if (message.type === "second") {
      const { type: _, id, ...second } = message;
      this.subscriptions.get(id)?.onSecond(second);
    } else if (message.type !== "ack") this.waiting.get(message.id)?.take(message);
  }

  private failAll(reason: string): void {
    for (const { fail } of this.waiting.values()) fail(new SignalsUnavailableError(reason));
  }
}
