export * from "../api/contract/index.ts";
export { ApiError, ControlUnreachableError } from "../errors.ts";
export * from "./control-client.ts";
