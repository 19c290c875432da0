import { InvalidValueError } from "@evenkeel/model";
import { inboxOf } from "../mail/mail.ts";
import { pagerAlerts } from "../pagerduty/pagerduty.ts";
import { json } from "../provider/answer.ts";
import { slackMessages } from "../slack/slack.ts";
import { withAccount } from "./account-routes.ts";
import type { AdminParts, AdminRoute } from "./admin-route.ts";

/** What an app has written to people. Newest first; mail in lists is without its text. */
export function mailRoutes(parts: AdminParts): AdminRoute[] {
  const one = "/accounts/:app/:environment";
  return [
    {
      method: "GET",
      path: `${one}/mail`,
      answer: withAccount(parts, (account) =>
        json({
          mail: inboxOf(account)
            .newestFirst()
            .map(({ text: _, html: __, ...rest }) => rest),
        }),
      ),
    },
    {
      method: "GET",
      path: `${one}/mail/:id`,
      answer: withAccount(parts, (account, { params }) => {
        const mail = inboxOf(account).get(params["id"]!);
        if (!mail)
          throw new InvalidValueError(`There is no mail ${params["id"]}`, {
            hint: "The inbox keeps the newest only.",
          });
        return json(mail);
      }),
    },
    {
      method: "GET",
      path: `${one}/slack`,
      answer: withAccount(parts, (account) => json({ messages: slackMessages(account).newestFirst() })),
    },
    {
      method: "GET",
      path: `${one}/alerts`,
      answer: withAccount(parts, (account) => json({ alerts: pagerAlerts(account).newestFirst() })),
    },
  ];
}
