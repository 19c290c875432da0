import { ApiError } from "../client/index.ts";

/** The code with which the API refuses a call; `accepted` where it does not. */
export const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "accepted",
    (error) => (error instanceof ApiError ? error.code : String(error)),
  );
