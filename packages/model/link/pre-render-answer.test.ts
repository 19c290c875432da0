import { expect, test } from "bun:test";
import { preRenderContentType, readPreRenderType } from "./pre-render-answer.ts";

test("the content type of a partly rendered page is read as it was written, any other is not one", () => {
  const type = preRenderContentType(42, "text/html; charset=utf-8");
  expect(readPreRenderType(type)).toEqual({ stateLengthBytes: 42, origin: "text/html; charset=utf-8" });
  expect(readPreRenderType("text/html; charset=utf-8")).toBeUndefined();
  expect(readPreRenderType("application/x-nextjs-pre-render")).toBeUndefined();
  expect(readPreRenderType(undefined)).toBeUndefined();
});
