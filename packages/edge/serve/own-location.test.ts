import { expect, test } from "bun:test";
import type { Exchange } from "../http/exchange.ts";
import type { UpstreamHead } from "../upstream/forward-options.ts";
import { keepOwnScheme } from "./own-location.ts";

function locationAfter(location: string, hostPort: string, scheme = "http"): string {
  let value = location;
  const head = {
    get: () => value,
    set: (_name: string, given: string) => {
      value = given;
    },
  } as unknown as UpstreamHead;
  keepOwnScheme(head, { hostPort, scheme } as Exchange);
  return value;
}

test("an absolute redirect to the app's own origin stays on http where https cannot be", () => {
  const own = "https://shop.localhost:7080/a?b";
  expect(locationAfter(own, "shop.localhost:7080")).toBe("http://shop.localhost:7080/a?b");
  expect(locationAfter(own, "shop.localhost:7080", "https")).toBe(own);
  // Behind something that speaks https for us, the usual port is right.
  expect(locationAfter("https://shop.example/a", "shop.example")).toBe("https://shop.example/a");
  for (const other of ["https://shop.localhost:70801/", "https://other.localhost:7080/", "/a", "http://x/"]) {
    expect(locationAfter(other, "shop.localhost:7080")).toBe(other);
  }
});
