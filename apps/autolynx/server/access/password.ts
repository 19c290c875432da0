import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const cost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, 32, cost, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/** `scrypt$<salt>$<key>`, both base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString("base64")}$${(await derive(password, salt)).toString("base64")}`;
}

/** Takes the same time where there is nobody of that name (`hash` is undefined or null). */
export async function isPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  const [, salt, key] = (hash ?? `scrypt$${"A".repeat(24)}$${"A".repeat(44)}`).split("$");
  const derived = await derive(password, Buffer.from(salt!, "base64"));
  const expected = Buffer.from(key!, "base64");
  return expected.length === derived.length && timingSafeEqual(expected, derived) && Boolean(hash);
}
