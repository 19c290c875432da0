import { EvenkeelError } from "@evenkeel/model/errors";

/** The function's module cannot be loaded: it throws, or something that it needs is missing. */
export class FunctionImportFailedError extends EvenkeelError {
  readonly code = "function_import_failed";
  readonly fault = "user";
}

/** The function's module loads, but exports nothing that can answer a request. */
export class FunctionHandlerMissingError extends EvenkeelError {
  readonly code = "function_handler_missing";
  readonly fault = "user";
}

/** The app called `process.exit` while it was being loaded. */
export class FunctionExitedError extends EvenkeelError {
  readonly code = "function_exited";
  readonly fault = "user";
}

/** The launcher could not give up root before reading the app. */
export class IdentityRefusedError extends EvenkeelError {
  readonly code = "instance_identity_refused";
  readonly fault = "platform";
}

/** The cache service refused or could not take what the app asked for. */
export class CacheServiceError extends EvenkeelError {
  readonly code = "cache_service_failed";
  readonly fault = "platform";
}

/** The launcher's sources cannot be made into its one file. */
export class LauncherBundleError extends EvenkeelError {
  readonly code = "launcher_bundle_failed";
  readonly fault = "platform";
}
