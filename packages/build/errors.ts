import { EvenkeelError } from "@evenkeel/model";

// --- toolchain ---------------------------------------------------------------------------------

export class ToolchainUnreachableError extends EvenkeelError {
  readonly code = "toolchain_unreachable";
  readonly fault = "platform";
}

export class ToolchainInstallError extends EvenkeelError {
  readonly code = "toolchain_install_failed";
  readonly fault = "platform";
}

/** A version of a tool that the registry does not have; the app asked for it. */
export class ToolVersionUnknownError extends EvenkeelError {
  readonly code = "tool_version_unknown";
  readonly fault = "user";
}

// --- source ------------------------------------------------------------------------------------

export class SourceEntryRefusedError extends EvenkeelError {
  readonly code = "source_entry_refused";
  readonly fault = "user";
}

export class SourceTooLargeError extends EvenkeelError {
  readonly code = "source_too_large";
  readonly fault = "user";
}

export class SourceUnreadableError extends EvenkeelError {
  readonly code = "source_unreadable";
  readonly fault = "user";
}

export class UploadIncompleteError extends EvenkeelError {
  readonly code = "upload_incomplete";
  readonly fault = "user";
}

export class UploadCorruptError extends EvenkeelError {
  readonly code = "upload_corrupt";
  readonly fault = "user";
}

// --- detection and checks ----------------------------------------------------------------------

export class VercelConfigInvalidError extends EvenkeelError {
  readonly code = "vercel_config_invalid";
  readonly fault = "user";
}

export class PackageManifestInvalidError extends EvenkeelError {
  readonly code = "package_manifest_invalid";
  readonly fault = "user";
}

export class PackageManagerUnsupportedError extends EvenkeelError {
  readonly code = "package_manager_unsupported";
  readonly fault = "user";
}

export class EngineUnsupportedError extends EvenkeelError {
  readonly code = "engine_unsupported";
  readonly fault = "user";
}

export class RootDirectoryMissingError extends EvenkeelError {
  readonly code = "root_directory_missing";
  readonly fault = "user";
}

// --- build -------------------------------------------------------------------------------------

export class BuildFailedError extends EvenkeelError {
  readonly code = "build_failed";
  readonly fault = "user";
  /** Of the build command; 128 + signal where one ended it. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number, hint?: string) {
    super(message, { hint });
    this.exitCode = exitCode;
  }
}

export class BuildTimedOutError extends EvenkeelError {
  readonly code = "build_timed_out";
  readonly fault = "user";
}

export class BuildOutOfMemoryError extends EvenkeelError {
  readonly code = "build_out_of_memory";
  readonly fault = "user";
}

export class BuildDiskFullError extends EvenkeelError {
  readonly code = "build_disk_full";
  readonly fault = "user";
}

export class BuildCancelledError extends EvenkeelError {
  readonly code = "build_cancelled";
  readonly fault = "user";
}

export class BuildWithoutOutputError extends EvenkeelError {
  readonly code = "build_without_output";
  readonly fault = "user";
}

export class FrameworkVersionMissingError extends EvenkeelError {
  readonly code = "framework_version_missing";
  readonly fault = "user";
}

/** The room itself could not be made; the build never began. */
export class RoomFailedError extends EvenkeelError {
  readonly code = "build_room_failed";
  readonly fault = "platform";
}

// --- import and store --------------------------------------------------------------------------

export class OutputInvalidError extends EvenkeelError {
  readonly code = "output_invalid";
  readonly fault = "user";
}

export class OutputPathRefusedError extends EvenkeelError {
  readonly code = "output_path_refused";
  readonly fault = "user";
}

export class HandlerMissingError extends EvenkeelError {
  readonly code = "output_handler_missing";
  readonly fault = "user";
}

export class OutputUnsupportedError extends EvenkeelError {
  readonly code = "output_unsupported";
  readonly fault = "user";
}

export class OutputMissingError extends EvenkeelError {
  readonly code = "output_missing";
  readonly fault = "platform";
}

export class StoreFullError extends EvenkeelError {
  readonly code = "store_full";
  readonly fault = "platform";
}

export class StoreBusyError extends EvenkeelError {
  readonly code = "store_busy";
  readonly fault = "platform";
}
