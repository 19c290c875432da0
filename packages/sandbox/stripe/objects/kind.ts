import type { Transaction } from "./transaction.ts";

/** What the twin knows of an object; `render` makes Stripe's shape of it. */
export interface Recorded {
  id: string;
  /** Seconds since the epoch. */
  created: number;
  /** The test clock that it lives by. */
  clock?: string;
}

export interface Kind<R extends Recorded> {
  /** `customer`, as in answers. */
  object: string;
  /** In errors: `No such customer`. */
  title: string;
  /** Of ids, without the line. */
  prefix: string;
  idLength?: number;
  /** Of lists: `/v1/customers`. */
  path: string;
  /** The newest so many; default 20,000. */
  keep?: number;
  render(record: R, tx: Transaction): object;
}
