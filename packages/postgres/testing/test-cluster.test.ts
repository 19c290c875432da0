import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "pg";
import { startTestCluster, type TestCluster } from "./test-cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

async function run(connectionString: string, statement: string) {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

test("clones of a template have its content and do not see each other's", async () => {
  await cluster.makeTemplate("shop", (url) => run(url, "CREATE TABLE orders (id int)").then(() => {}));
  const [first, second] = await Promise.all([cluster.cloneDatabase("shop"), cluster.cloneDatabase("shop")]);
  await run(first.connectionString, "INSERT INTO orders VALUES (1)");
  expect(await run(first.connectionString, "SELECT id FROM orders")).toEqual([{ id: 1 }]);
  expect(await run(second.connectionString, "SELECT id FROM orders")).toEqual([]);
  await first.drop();
  await expect(run(first.connectionString, "SELECT 1")).rejects.toThrow("does not exist");
}, 60_000);
