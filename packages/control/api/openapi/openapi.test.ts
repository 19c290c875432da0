import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { contract } from "../contract/index.ts";
import { openApi } from "./openapi.ts";

const document = openApi("http://localhost:7080") as {
  paths: Record<
    string,
    Record<string, { operationId: string; parameters: { name: string; schema: { type?: string } }[] }>
  >;
};

test("the description of the API is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test("every route is described once, with the parameters that it reads", () => {
  const described = Object.values(document.paths).flatMap((each) => Object.values(each));
  expect(described.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(contract).sort());
  const rollback = document.paths["/api/apps/{app}/rollback"]!["post"]!;
  expect(rollback.parameters).toEqual([
    { name: "app", in: "path", required: true, schema: { type: "string" } },
  ] as never);
  const list = document.paths["/api/apps/{app}/deployments"]!["get"]!;
  expect(list.parameters.find(({ name }) => name === "limit")?.schema).toMatchObject({
    type: "integer",
    maximum: 500,
    default: 50,
  });
});
