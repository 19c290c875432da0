import { json } from "../provider/answer.ts";
import { Collection } from "../store/collection.ts";
import type { Store } from "../store/store.ts";
import type { AdminRoute } from "./admin-route.ts";

/** Something that somebody changed of what twins do. */
export interface AuditEntry {
  id: string;
  /** Real. */
  atMs: number;
  who: "command line" | "page" | "administrator";
  /** `POST /accounts/shop/preview/faults` */
  what: string;
  /** As it was given, in part. */
  detail: string;
}

const kept = 5_000;
const detailLength = 500;
const shown = 200;
/** Deploys attach themselves, which changes nothing; their log says it. */
const unremarkable = /\/attach$/;

/** Who changed what of the twins, kept over restarts. */
export class AdminAudit {
  private readonly entries: Collection<AuditEntry>;

  constructor(store: Store) {
    this.entries = new Collection<AuditEntry>(store, "", "audit", kept);
  }

  record(entry: Omit<AuditEntry, "id" | "atMs">): void {
    if (unremarkable.test(entry.what)) return;
    const id = crypto.randomUUID();
    this.entries.put(id, { ...entry, id, atMs: Date.now(), detail: entry.detail.slice(0, detailLength) });
  }

  /** Newest first, of one app or of all. */
  readonly routes: AdminRoute[] = [
    {
      method: "GET",
      path: "/audit",
      answer: ({ query }) => {
        const app = query.get("app");
        const entries = this.entries
          .newestFirst()
          .filter(({ what }) => app === null || what.split("/")[2] === app)
          .slice(0, shown);
        return json({ entries });
      },
    },
  ];
}
