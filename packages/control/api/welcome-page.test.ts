import { expect, test } from "bun:test";
import { welcomePage } from "./welcome-page.ts";

test("the welcome page names the address that the browser used, port included", () => {
  const page = welcomePage("http://apps.example.com:8080/");
  expect(page).toContain("git push http://token@apps.example.com:8080/shop.git main");
});
