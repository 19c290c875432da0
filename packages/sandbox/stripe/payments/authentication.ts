import type { Account } from "../../accounts/account.ts";
import { accountId } from "../credentials.ts";

/** The bank's page where a person proves that a card is theirs (3D Secure), for whoever has the client secret. */
export const authenticationUrl = (account: Account, clientSecret: string): string =>
  `${account.twinAddress("stripe")}/authenticate/${accountId(account)}/${clientSecret}`;
