import { type Answer, json } from "../provider/answer.ts";

export type StripeErrorType =
  | "api_error"
  | "card_error"
  | "idempotency_error"
  | "invalid_request_error"
  | "rate_limit_error";

export interface StripeErrorDetail {
  type?: StripeErrorType;
  code?: string;
  param?: string;
  declineCode?: string;
  /** Of the payment that was declined; left as the caller gives it. */
  more?: Record<string, unknown>;
}

/** What an app is told went wrong: https://docs.stripe.com/api/errors */
export class StripeFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly detail: StripeErrorDetail = {},
  ) {
    super(message);
  }

  get type(): StripeErrorType {
    return this.detail.type ?? "invalid_request_error";
  }

  render(): Record<string, unknown> {
    const { code, param, declineCode, more } = this.detail;
    return {
      ...(code !== undefined && {
        code,
        doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll("_", "-")}`,
      }),
      ...(declineCode !== undefined && { decline_code: declineCode }),
      message: this.message,
      ...(param !== undefined && { param }),
      ...more,
      type: this.type,
    };
  }
}

/** The request is wrong. */
export const invalid = (message: string, param?: string, code?: string): StripeFailure =>
  new StripeFailure(400, message, {
    ...(param !== undefined && { param }),
    ...(code !== undefined && { code }),
  });

/** Stripe has it and the twin has not: saying so beats an answer that would be another at Stripe. */
export const unsupported = (what: string, param?: string): StripeFailure =>
  invalid(`The sandbox's twin of Stripe has no ${what}`, param);

export const noSuch = (what: string, id: string, param = "id", status = 404): StripeFailure =>
  new StripeFailure(status, `No such ${what}: '${id}'`, { code: "resource_missing", param });

export const failureAnswer = (failure: StripeFailure): Answer =>
  json({ error: failure.render() }, failure.status);
