// Plain Node around the same function, on the unix socket that the command line names.
const { createServer } = require("node:http");
const handler = require("./handler.cjs");

const server = createServer(handler);
// A proxy must never meet a connection that is just being closed.
server.keepAliveTimeout = 300_000;
server.listen(process.argv[2]);
