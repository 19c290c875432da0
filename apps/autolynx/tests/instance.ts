// One instance of the app as a host would run it, to be killed at any moment. Prints its port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import "./setup.ts";
import { app } from "../server/http/app.ts";

createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const answer = await app.fetch(
    new Request(`http://instance${request.url}`, {
      method: request.method ?? "GET",
      headers: request.headers as Record<string, string>,
      ...(pieces.length > 0 && { body: Buffer.concat(pieces) }),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body) Readable.fromWeb(answer.body as never).pipe(response);
  else response.end();
}).listen(0, "127.0.0.1", function (this: ReturnType<typeof createServer>) {
  process.stdout.write(`${(this.address() as AddressInfo).port}\n`);
});
