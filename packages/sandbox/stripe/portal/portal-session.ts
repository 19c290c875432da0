import type Stripe from "stripe";
import type { TwinRoute } from "../../provider/provider.ts";
import { accountId, nextSecretId } from "../credentials.ts";
import { customers } from "../customers/customer.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";
import { operation } from "../operation.ts";
import { unsupported } from "../stripe-error.ts";

export interface PortalRecord extends Recorded {
  customer: string;
  returnUrl: string | null;
  /** Real, milliseconds: whoever has the page open lives at ×1. */
  openedMs: number;
}

export const portals: Kind<PortalRecord> = {
  object: "billing_portal.session",
  title: "billing_portal.session",
  prefix: "bps",
  path: "/v1/billing_portal/sessions",
  render: ({ id, created, customer, returnUrl }, { account }) =>
    ({
      ...{
        id,
        object: "billing_portal.session",
        configuration: `bpc_${account.secret("stripe.portal").slice(0, 24)}`,
      },
      ...{
        created,
        customer,
        customer_account: null,
        flow: null,
        livemode: false,
        locale: null,
        on_behalf_of: null,
      },
      ...{
        return_url: returnUrl,
        url: `${account.twinAddress("stripe")}/portal/${accountId(account)}/${id}`,
      },
    }) satisfies Wire<Stripe.BillingPortal.Session>,
};

/** https://docs.stripe.com/api/customer_portal/sessions */
export const portalRoutes: TwinRoute[] = [
  operation(
    "POST",
    portals.path,
    (params) => {
      for (const name of ["flow_data", "configuration"])
        if (params.has(name)) throw unsupported(`portal sessions with ${name}`, name);
      params.ignore("locale");
      return { customer: params.required("customer"), returnUrl: params.text("return_url") ?? null };
    },
    ({ tx, wish }) => {
      const { id: customer } = tx.get(customers, wish.customer, "customer");
      const id = nextSecretId(tx.account, portals.prefix);
      const portal = tx.put(portals, {
        id,
        created: tx.nowS(),
        customer,
        returnUrl: wish.returnUrl,
        openedMs: Date.now(),
      });
      tx.emit("billing_portal.session.created", portals, portal);
      return tx.render(portals, portal);
    },
  ),
];
