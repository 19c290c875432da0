// A process of its own for `flat-memory.test.ts`: an edge that forwards everything to the unix socket of its first argument. Prints its port, and
// its largest resident size in bytes on each line of input.
import { startHttpServer } from "../../http/http-server.ts";
import { forward } from "../forward.ts";
import { UpstreamOrigin } from "../origin.ts";

const origin = new UpstreamOrigin({ unix: process.argv[2]! }, { name: "the function" });
const handler = { onHead() {}, onFailure() {} };
const server = startHttpServer({
  listen: { hostname: "127.0.0.1", port: 0 },
  handler: (exchange) => forward(exchange, origin, { handler }),
});
console.log(server.port);
let largestBytes = 0;
setInterval(() => {
  largestBytes = Math.max(largestBytes, process.memoryUsage.rss());
}, 5);
for await (const _line of console) console.log(largestBytes);
process.exit(0);
