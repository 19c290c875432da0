import type { Account } from "../accounts/account.ts";

export const apiKey = (account: Account): string => `sk-sandbox-${account.secret("openai.key").slice(0, 48)}`;
export const organization = (account: Account): string => `org-${account.secret("openai.org").slice(0, 24)}`;
export const project = (account: Account): string => `proj_${account.secret("openai.project").slice(0, 24)}`;
