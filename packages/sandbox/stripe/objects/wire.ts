import type Stripe from "stripe";

/** An object as it is sent: what the SDK makes of texts (decimals) is a text still. */
export type Wire<Value> = Value extends Stripe.Decimal
  ? string
  : Value extends (infer Item)[]
    ? Wire<Item>[]
    : Value extends object
      ? { [Name in keyof Value]: Wire<Value[Name]> }
      : Value;
