export * from "./channel.ts";
export * from "./channels/index.ts";
export * from "./errors.ts";
export * from "./message.ts";
