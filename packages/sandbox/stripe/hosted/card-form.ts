import { formOf, type TwinRequest } from "../../provider/twin-request.ts";
import { type CardFields, checkCard } from "../payments/read-card.ts";
import { type Html, html } from "./html.ts";

/** Fields for a card; after a mistake with what was typed, but for number and code. */
export const cardFields = (form: URLSearchParams): Html => html`
<label>Card number <input name="number" inputmode="numeric" autocomplete="cc-number" placeholder="4242 4242 4242 4242" required></label>
<div class="two">
<label>Expires <input name="expiry" inputmode="numeric" autocomplete="cc-exp" placeholder="MM / YY" value="${form.get("expiry") ?? ""}" required></label>
<label>CVC <input name="cvc" inputmode="numeric" autocomplete="cc-csc" placeholder="123" required></label>
</div>
<details>
<summary class="soft">Test cards</summary>
<p class="soft">4242 4242 4242 4242 is paid. 4000 0000 0000 0002 is declined, 4000 0000 0000 9995 has no funds. 4000 0025 0000 3155 asks the
person to authenticate. 4000 0000 0000 0341 can be saved and fails when it is charged. Any date to come, any CVC.</p>
</details>`;

/** @throws StripeFailure with words for the person */
export function typedCard(form: URLSearchParams, nowS: number): CardFields {
  const [, month = "", year = ""] =
    /^\s*(\d{1,2})\s*\/?\s*(\d{2,4})\s*$/.exec(form.get("expiry") ?? "") ?? [];
  const cvc = form.get("cvc") ?? "";
  return checkCard({ number: form.get("number") ?? "", month: Number(month), year: Number(year), cvc }, nowS);
}

export const typed = (request: TwinRequest): URLSearchParams => formOf(request);
