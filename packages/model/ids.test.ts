import { expect, test } from "bun:test";
import { newDeploymentId, parseAppName, parseDeploymentId } from "./ids.ts";

test.each(["shop", "a", "my-app-2"])("app name %s is taken", (name) => {
  expect(parseAppName(name)).toBe(name as never);
});

test.each([
  "",
  "Shop",
  "2shop",
  "a--b",
  "a-",
  "-a",
  "a_b",
  "a;rm -rf",
  "$(id)",
  "a.b",
  "x".repeat(41),
  "a-git-b",
  "api",
])("app name %p is refused with a remedy", (name) => {
  expect(() => parseAppName(name)).toThrow(
    expect.objectContaining({ code: "invalid_value", hint: expect.any(String) }),
  );
});

test("a new deployment id can be read back", () => {
  const id = newDeploymentId();
  expect(parseDeploymentId(id)).toBe(id);
});
