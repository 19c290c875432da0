import { expect, test } from "bun:test";
import { fileOf } from "./status-pages.ts";

test("only files of status pages can be asked for", () => {
  expect(fileOf("/")).toBe("_all/index.html");
  expect(fileOf("/shop")).toBe("redirect");
  expect(fileOf("/shop/")).toBe("shop/index.html");
  expect(fileOf("/api/v2/summary.json")).toBe("_all/api/v2/summary.json");
  expect(fileOf("/shop/api/v2/incidents/unresolved.json")).toBe("shop/api/v2/incidents/unresolved.json");
  expect(fileOf("/shop/incidents/7")).toBe("shop/incidents/7.html");
  expect(fileOf("/shop/history.atom")).toBe("shop/history.atom");
  for (const path of [
    "/../keys/api-token",
    "/shop/../keys",
    "/shop/index.html",
    "/_all/",
    "/.new",
    "/shop//",
    "/shop/api/v2/..json",
    "/Shop/",
  ])
    expect([path, fileOf(path)]).toEqual([path, undefined]);
});
