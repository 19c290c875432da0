import { expect, test } from "bun:test";
import { newDeploymentId } from "@evenkeel/model";
import { environmentKey, openEnvironment, sealEnvironment } from "./sealed-environment.ts";

const key = environmentKey(new Uint8Array(32).fill(7));
const id = newDeploymentId();
const variables = { environment: { API_KEY: "very-secret", EMPTY: "", ZÜRICH: "é" }, plain: ["EMPTY"] };

test("a sealed environment is opened by the same key for the same deployment only", () => {
  const sealed = sealEnvironment(key, id, variables);
  expect(Buffer.from(sealed).toString("latin1")).not.toContain("very-secret");
  expect(openEnvironment([key], id, sealed)).toEqual(variables);
  expect(openEnvironment([environmentKey(new Uint8Array(32)), key], id, sealed)).toEqual(variables);
  const refused = expect.objectContaining({ code: "seal_broken" });
  expect(() => openEnvironment([key], newDeploymentId(), sealed)).toThrow(refused);
  expect(() => openEnvironment([environmentKey(new Uint8Array(32))], id, sealed)).toThrow(refused);
  for (const position of [0, 5, 20, sealed.length - 1]) {
    const changed = Uint8Array.from(sealed);
    changed[position]! ^= 1;
    expect(() => openEnvironment([key], id, changed)).toThrow(refused);
  }
  expect(() => openEnvironment([key], id, sealed.subarray(0, 10))).toThrow(refused);
});

test("the same environment is never sealed to the same bytes", () => {
  expect(sealEnvironment(key, id, variables)).not.toEqual(sealEnvironment(key, id, variables));
});
