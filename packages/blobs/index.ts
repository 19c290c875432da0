export * from "./errors.ts";
export { blobsPrefix } from "./server/blob-request.ts";
