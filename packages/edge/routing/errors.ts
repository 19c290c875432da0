import { EvenkeelError } from "@evenkeel/model";

/** A route of `config.json` cannot be compiled: its regular expression, its place or its destination is not valid. */
export class InvalidRouteError extends EvenkeelError {
  readonly code = "route_invalid";
  readonly fault = "user";

  /** @param index position in `config.json`'s `routes`, from 0. */
  constructor(
    readonly index: number,
    problem: string,
    hint: string,
    cause?: unknown,
  ) {
    super(`routes[${index}] of config.json cannot be used: ${problem}`, { hint, cause });
  }
}
