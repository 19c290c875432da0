import type { Account } from "../accounts/account.ts";
import type { AccountRegistry } from "../accounts/account-registry.ts";
import type { Answer } from "../provider/answer.ts";
import type { Provider } from "../provider/provider.ts";

/** What the sandbox's own API works on. */
export interface AdminParts {
  accounts: AccountRegistry;
  providers: ReadonlyMap<string, Provider>;
  /** `http://127.0.0.1:7180`. */
  base(): string;
  /** Opens the page and its API to whoever has it; follows from the sandbox's key. */
  pageToken: string;
  /** Tells control and host who has twins. */
  publish(): void;
}

export interface AdminGiven {
  params: Record<string, string>;
  query: URLSearchParams;
  /** Of a JSON body; empty without one. */
  body: Record<string, unknown>;
}

/** An endpoint of the sandbox's own API, for the command line, control and the page. Errors are thrown as `EvenkeelError`. */
export interface AdminRoute {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  answer(given: AdminGiven): Answer | Promise<Answer>;
}

/** A route about one account, whose path begins with `/accounts/:app/:environment`. */
export type AccountHandler = (account: Account, given: AdminGiven) => Answer | Promise<Answer>;
