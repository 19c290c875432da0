import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
const host = "partial.localhost";

beforeAll(async () => {
  platform = await TestPlatform.start();
  await platform.deploy(platform.copyFixture("nextjs-partial"), "--app", "partial", "--prod");
}, 900_000);
afterAll(() => platform?.stop(), 60_000);

const text = (html: string, id: string): string | undefined =>
  new RegExp(`id="${id}"[^>]*>(.*?)</`, "s").exec(html)?.[1]?.replaceAll("<!-- -->", "");

describe("a partly prerendered Next.js page", () => {
  test("joins the shared shell with what each visitor gets alone", async () => {
    const ada = (await platform.get(host, "/", { cookie: "name=Ada" })).text();
    const bob = (await platform.get(host, "/", { cookie: "name=Bob" })).text();
    expect([text(ada, "visitor"), text(bob, "visitor")]).toEqual(["hello Ada", "hello Bob"]);
    expect(text(ada, "catalogue")).toMatch(/^\d+-/);
    expect(text(ada, "catalogue")).toBe(text(bob, "catalogue")!);
    expect(ada.indexOf("who are you")).toBeGreaterThan(0);
    expect(ada.indexOf("who are you")).toBeLessThan(ada.indexOf('id="visitor"'));
  });

  test("has a shell for paths that were not known at build", async () => {
    for (const slug of ["first", "second"]) {
      const page = await platform.get(host, `/${slug}`);
      expect([page.status, text(page.text(), "slug")]).toEqual([200, `page ${slug}`]);
    }
  });

  test("is made again when its tag is revalidated", async () => {
    const catalogue = async () => text((await platform.get(host, "/")).text(), "catalogue");
    const before = await catalogue();
    expect((await platform.ask(host, "/api/revalidate", { method: "POST" })).status).toBe(200);
    await eventually(catalogue, (seen) => seen !== undefined && seen !== before);
  });
});
