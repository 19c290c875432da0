import type { Account } from "../../accounts/account.ts";
import { clocks } from "../clocks/test-clock.ts";
import { nextId, nowSeconds } from "../credentials.ts";
import { deliverEvent } from "../events/endpoint.ts";
import { type EventRecord, eventsKind } from "../events/event.ts";
import { noSuch } from "../stripe-error.ts";
import type { Kind, Recorded } from "./kind.ts";

/** What is to happen at a time of a test clock; without one, the account's own time has it. */
export interface AgendaEntry {
  clock: string;
  atS: number;
  type: string;
  data: unknown;
}

const agendaOf = (account: Account) =>
  account.collection<AgendaEntry & { id: string }>("stripe.agenda", Number.POSITIVE_INFINITY);

/** One request, or one thing that happens by itself: reads and changes objects, and tells of it once it is over. */
export class Transaction {
  private readonly events: EventRecord[] = [];

  constructor(
    readonly account: Account,
    private readonly request: EventRecord["request"] = { id: null, idempotency_key: null },
  ) {}

  /** Of a customer's clock where there is one. */
  nowS(clock?: string): number {
    const frozen = clock === undefined ? undefined : this.find(clocks, clock);
    return frozen?.frozenS ?? nowSeconds(this.account);
  }

  all<R extends Recorded>(kind: Kind<R>): R[] {
    return this.of(kind).values();
  }

  newestFirst<R extends Recorded>(kind: Kind<R>): R[] {
    return this.of(kind).newestFirst();
  }

  find<R extends Recorded>(kind: Kind<R>, id: string): R | undefined {
    return this.of(kind).get(id);
  }

  /** @param param names the parameter that held the id; without one the id was in the path. @throws StripeFailure */
  get<R extends Recorded>(kind: Kind<R>, id: string, param?: string): R {
    const found = this.find(kind, id);
    if (found) return found;
    throw noSuch(kind.title, id, param ?? "id", param === undefined ? 404 : 400);
  }

  put<R extends Recorded>(kind: Kind<R>, record: R): R {
    return this.of(kind).put(record.id, record);
  }

  delete<R extends Recorded>(kind: Kind<R>, record: R): void {
    this.of(kind).delete(record.id);
  }

  newId<R extends Recorded>(kind: Kind<R>): string {
    return nextId(this.account, kind.prefix, kind.idLength);
  }

  render<R extends Recorded>(kind: Kind<R>, record: R): Record<string, unknown> {
    return kind.render(record, this) as Record<string, unknown>;
  }

  /** Keeps an event of the object as it is now, to be sent by `commit`. `at` puts it before others that are waiting. */
  emit<R extends Recorded>(
    type: string,
    kind: Kind<R>,
    record: R,
    { previous, at = this.events.length }: { previous?: Record<string, unknown>; at?: number } = {},
  ): void {
    const object = structuredClone(this.render(kind, record));
    this.events.splice(at, 0, {
      id: "",
      created: this.nowS(record.clock),
      type,
      object,
      ...(previous && { previous }),
      request: this.request,
      pending: 0,
      ...(record.clock !== undefined && { clock: record.clock }),
    });
  }

  /** How many events are waiting: a place for `emit`. */
  get emitted(): number {
    return this.events.length;
  }

  /** Drops the events that wait since then: what they tell of was not to be. */
  forget(from: number): void {
    this.events.length = from;
  }

  /** `billingHappens` is called with it at that time. */
  later(type: string, atS: number, data: unknown, clock?: string): void {
    if (clock === undefined) {
      this.account.schedule("stripe", type, (atS - nowSeconds(this.account)) * 1_000, data);
      return;
    }
    const id = nextId(this.account, "agenda");
    agendaOf(this.account).put(id, { id, clock, atS, type, data });
  }

  /** Takes the first entry of a clock that is due, if there is one. */
  takeDue(clock: string, untilS: number): AgendaEntry | undefined {
    const [first] = agendaOf(this.account)
      .values()
      .filter((entry) => entry.clock === clock && entry.atS <= untilS)
      // Of two at one time the one that was planned first.
      .sort((one, other) => one.atS - other.atS);
    if (first) agendaOf(this.account).delete(first.id);
    return first;
  }

  /** Tells the endpoints. Events get their ids in the order in which they are sent. @returns the ids of the webhooks */
  commit(): string[] {
    const sent: string[] = [];
    for (const event of this.events.splice(0)) {
      event.id = nextId(this.account, eventsKind.prefix, eventsKind.idLength);
      this.put(eventsKind, event);
      sent.push(...deliverEvent(this.account, event));
    }
    return sent;
  }

  private of<R extends Recorded>(kind: Kind<R>) {
    return this.account.collection<R>(`stripe.${kind.object}`, kind.keep);
  }
}
