import type { Account } from "../accounts/account.ts";

/** What people are asked to pay, and what they pay regularly; as the page and the API show it. */
export interface BillingView {
  checkouts: {
    id: string;
    status: "open" | "complete" | "expired";
    mode: string;
    /** As people read it: `$12.00`. */
    amount: string;
    email: string | null;
    /** Of the page where a person pays, while it is open. */
    url?: string;
    atMs: number;
  }[];
  subscriptions: {
    id: string;
    status: string;
    customer: string;
    email: string | null;
    what: string;
    /** When the period ends, in the account's time or that of its test clock. */
    endsAtMs: number;
    endsThen: boolean;
  }[];
  invoices: {
    id: string;
    number: string | null;
    status: string;
    amount: string;
    email: string | null;
    url?: string;
    atMs: number;
  }[];
  portals: { id: string; email: string | null; url: string; atMs: number }[];
}

export interface Payer {
  /** Digits of a test card. */
  card: string;
  email: string;
  /** What the person answers where the bank asks. */
  authenticates: boolean;
}

export interface BillingService {
  /** Newest first. */
  view(account: Account): BillingView;
  /** A person pays at a hosted page. @returns what became of it; undefined where there is no such checkout */
  pay(account: Account, checkout: string, payer: Payer): { paid: boolean; message: string } | undefined;
}
