import type { Account } from "../accounts/account.ts";
import type { Answer } from "../provider/answer.ts";
import type { Provider } from "../provider/provider.ts";
import { listenSmtp } from "./smtp-listener.ts";

export const smtpUser = (account: Account): string => `smtp-${account.secret("smtp.user").slice(0, 12)}`;
export const smtpPassword = (account: Account): string => account.secret("smtp.password").slice(0, 32);

/**
 * A mail server for apps that send by SMTP, as by an account at any mail provider. It takes mail of whoever has the credentials, to anybody,
 * and puts it into the inbox.
 */
export const smtp: Provider = {
  name: "smtp",
  title: "SMTP",
  hosts: [],
  bodyLimitBytes: 25 * 1024 * 1024,
  routes: [],
  identifiers: (account) => [smtpUser(account)],
  variables(account) {
    const [host, port] = ["127.0.0.1", String(account.listenerPort("smtp"))];
    const [user, password] = [smtpUser(account), smtpPassword(account)];
    const url = `smtp://${user}:${password}@${host}:${port}`;
    const from = "sandbox@example.com";
    return {
      ...{ SMTP_HOST: host, SMTP_PORT: port, SMTP_USER: user, SMTP_USERNAME: user, SMTP_PASSWORD: password },
      ...{ SMTP_PASS: password, SMTP_SECURE: "false", SMTP_URL: url, SMTP_FROM: from },
      // As Auth.js reads them.
      ...{ EMAIL_SERVER: url, EMAIL_FROM: from },
    };
  },
  // Nothing is asked of it by HTTP.
  authenticate: () => undefined,
  failure: (): Answer => ({ status: 404, text: "This twin speaks SMTP" }),
  listen: listenSmtp,
};
