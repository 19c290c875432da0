let second = 0;
let text = "";

/** The current second since 1970; refreshes `httpDate`. */
export function currentSecond(): number {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1_000).toUTCString();
  }
  return second;
}

/** The time as `Date` has it, made once per second; always 29 characters. */
export function httpDate(): string {
  currentSecond();
  return text;
}
