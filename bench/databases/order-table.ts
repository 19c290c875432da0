import type { Client } from "pg";

/** On disk, with its share of the indexes. */
const bytesPerRow = 500;

export const orderRows = (sizeMb: number): number => Math.round((sizeMb * 1e6) / bytesPerRow);

/**
 * A table of orders with two indexes, the same wherever it is made: prose that compresses well and references that do not, as in
 * databases of shops. It shrinks to about a third.
 *
 * @param sizeMb of table and indexes together, about
 */
export async function makeOrders(client: Client, sizeMb: number): Promise<void> {
  // In one transaction, so that a server with minimal WAL writes none.
  await client.query(`BEGIN;
    CREATE TABLE orders AS
      SELECT number AS id, number * 7919 % 100003 AS customer, timestamptz '2026-01-01Z' + number * interval '1 second' AS placed,
             md5('token ' || number)::uuid AS token,
             format('Order %s of customer %s, paid by card. Reference %s, signed %s. Please leave it at the door of number %s, ring twice, and do not '
               || 'hand it to the neighbours; the invoice %s was sent by mail and is due within thirty days of the delivery.',
               number, number * 7919 % 100003, md5('reference ' || number), md5('signed ' || number), number % 997, md5('invoice ' || number)) AS note
      FROM generate_series(1::bigint, ${orderRows(sizeMb)}) AS number;
    ALTER TABLE orders ADD PRIMARY KEY (id);
    CREATE UNIQUE INDEX ON orders (token);
    COMMIT`);
  await client.query("VACUUM ANALYZE orders");
}

/** Changes `count` rows that lie far apart, so that whole pages go into the WAL. */
export async function changeOrders(client: Client, count: number, sizeMb: number): Promise<void> {
  const rows = orderRows(sizeMb);
  await client.query(
    `UPDATE orders SET note = note || ' Changed.' WHERE id IN (SELECT 1 + number * 104729 % ${rows} FROM generate_series(1::bigint, $1) AS number)`,
    [count],
  );
}
