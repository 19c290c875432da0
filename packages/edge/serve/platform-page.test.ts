import { expect, test } from "bun:test";
import { renderPlatformPage } from "./platform-page.ts";

const page = {
  status: 404,
  code: "DEPLOYMENT_NOT_FOUND",
  title: "Nothing is deployed here",
  message: 'No app answers at "<script>alert(1)</script>.localhost".',
  hint: "Run `evenkeel list`.",
  requestId: "ek1::abc",
};

test("browsers get HTML in which nothing of the request is markup", () => {
  const { headers, body } = renderPlatformPage(page, "text/html,application/xhtml+xml");
  expect(headers).toContainEqual(["content-type", "text/html; charset=utf-8"]);
  expect(body).toContain("&lt;script&gt;alert(1)&lt;/script&gt;.localhost");
  expect(body).not.toContain("<script>");
});

test("programs get JSON with the code and the remedy", () => {
  const { headers, body } = renderPlatformPage(page, "*/*");
  expect(headers).toContainEqual(["content-type", "application/json"]);
  expect(headers).toContainEqual(["x-vercel-error", "DEPLOYMENT_NOT_FOUND"]);
  expect(JSON.parse(body).error).toEqual({
    code: page.code,
    message: page.message,
    hint: page.hint,
    requestId: page.requestId,
  });
});
