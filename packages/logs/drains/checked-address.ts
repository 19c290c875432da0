import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { DrainAddressRefusedError } from "../errors.ts";

/** Loopback, link-local (metadata of clouds), unspecified, multicast: https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-. */
const local = new BlockList();
for (const [address, prefix] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  local.addSubnet(address, prefix, "ipv4");
for (const [address, prefix] of [
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  local.addSubnet(address, prefix, "ipv6");

/**
 * The address to connect to, looked up now: the connection is made to it and to none that the name may have a moment later.
 *
 * @param isLocal whether this machine itself may be meant
 * @throws DrainAddressRefusedError
 */
export async function checkedAddress(host: string, isLocal: boolean): Promise<string> {
  const bare = host.replace(/^\[|\]$/g, "");
  const addresses =
    isIP(bare) === 0 ? await lookup(bare, { all: true }) : [{ address: bare, family: isIP(bare) }];
  for (const { address, family } of addresses) {
    // An IPv4 address in IPv6's clothes: no honest name has one.
    const isDisguised = address.toLowerCase().startsWith("::ffff:");
    if (isLocal || !(isDisguised || local.check(address, family === 4 ? "ipv4" : "ipv6"))) return address;
  }
  throw new DrainAddressRefusedError(`${host} is an address of this machine or of its link`, {
    hint: "Name a server elsewhere; only a token with `admin` may send logs to this machine itself.",
  });
}
