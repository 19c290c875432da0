import { BlockList, isIP } from "node:net";

/** Ranges that no public server has: https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-. */
const specialRanges: [address: string, prefix: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

const special = new BlockList();
for (const [address, prefix] of specialRanges) special.addSubnet(address, prefix, "ipv4");

/** Public IPv6 is 2000::/3, less these: documentation, Teredo, ORCHID and 6to4, which can lead to any IPv4 address. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");
const specialV6 = new BlockList();
for (const [address, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  specialV6.addSubnet(address, prefix, "ipv6");
}

/**
 * Whether an address is none of a server on the public Internet: private, loopback, link-local (cloud metadata lives there), multicast, reserved.
 * A fetch on behalf of a visitor must not go there. What is no address at all counts as private.
 */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(bare);
  if (family === 4) return special.check(bare, "ipv4");
  if (family !== 6) return true;
  // NAT64 of a public address would be public, but a name that resolves to one has no honest reason to.
  return !globalUnicast.check(bare, "ipv6") || specialV6.check(bare, "ipv6");
}
