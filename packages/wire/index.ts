export * from "./line-framing.ts";
export * from "./message-socket.ts";
