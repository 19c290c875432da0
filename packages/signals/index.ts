export * from "./client/signal-sender.ts";
export * from "./client/signals-client.ts";
export * from "./errors.ts";
