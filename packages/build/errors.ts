import { EvenkeelError } from "@evenkeel/model";

// --- toolchain ---------------------------------------------------------------------------------

/** npm does not reach its registry, and a tool that is needed is not there yet. */
export class ToolchainUnreachableError extends EvenkeelError {
  readonly code = "toolchain_unreachable";
  readonly fault = "platform";
}

/** npm could not install a tool: no npm, no disk, no rights. */
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

/** A path, link or device in a source or its archive that could lead out of it. */
export class SourceEntryRefusedError extends EvenkeelError {
  readonly code = "source_entry_refused";
  readonly fault = "user";
}

/** A source beyond its limit of files or bytes. */
export class SourceTooLargeError extends EvenkeelError {
  readonly code = "source_too_large";
  readonly fault = "user";
}

/** A source or its archive that is cut, broken, or changed while it was read. */
export class SourceUnreadableError extends EvenkeelError {
  readonly code = "source_unreadable";
  readonly fault = "user";
}

/** An upload that ended before all its declared bytes had come. */
export class UploadIncompleteError extends EvenkeelError {
  readonly code = "upload_incomplete";
  readonly fault = "user";
}

/** An upload whose bytes are not the declared ones. */
export class UploadCorruptError extends EvenkeelError {
  readonly code = "upload_corrupt";
  readonly fault = "user";
}

// --- detection and checks ----------------------------------------------------------------------

/** A `vercel.json` that is no JSON, has an unknown key or a value of a wrong kind. */
export class VercelConfigInvalidError extends EvenkeelError {
  readonly code = "vercel_config_invalid";
  readonly fault = "user";
}

/** A `package.json` that is no JSON or has a value of a wrong kind. */
export class PackageManifestInvalidError extends EvenkeelError {
  readonly code = "package_manifest_invalid";
  readonly fault = "user";
}

/** A `packageManager` other than npm, pnpm, yarn or bun with an exact version. */
export class PackageManagerUnsupportedError extends EvenkeelError {
  readonly code = "package_manager_unsupported";
  readonly fault = "user";
}

/** A Node version, or a machine, that is not supported. */
export class EngineUnsupportedError extends EvenkeelError {
  readonly code = "engine_unsupported";
  readonly fault = "user";
}

/** The app's root directory is not a folder of its source. */
export class RootDirectoryMissingError extends EvenkeelError {
  readonly code = "root_directory_missing";
  readonly fault = "user";
}

/** A Procfile with a line that names no process, names one twice or gives it no command. */
export class ProcfileInvalidError extends EvenkeelError {
  readonly code = "procfile_invalid";
  readonly fault = "user";
}

/** An Aptfile names Debian packages that this machine does not have. */
export class SystemPackagesMissingError extends EvenkeelError {
  readonly code = "system_packages_missing";
  readonly fault = "user";
}

// --- build -------------------------------------------------------------------------------------

/** The build command failed; the message has its last lines. */
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

/** A build took longer than it may. */
export class BuildTimedOutError extends EvenkeelError {
  readonly code = "build_timed_out";
  readonly fault = "user";
}

/** A build needed more memory than it may have. */
export class BuildOutOfMemoryError extends EvenkeelError {
  readonly code = "build_out_of_memory";
  readonly fault = "user";
}

/** A build wrote more than it may, or the disk is full. */
export class BuildDiskFullError extends EvenkeelError {
  readonly code = "build_disk_full";
  readonly fault = "user";
}

/** Somebody, or a newer push, cancelled the build. */
export class BuildCancelledError extends EvenkeelError {
  readonly code = "build_cancelled";
  readonly fault = "user";
}

/** There is no `.vercel/output/config.json` where one should be. */
export class BuildWithoutOutputError extends EvenkeelError {
  readonly code = "build_without_output";
  readonly fault = "user";
}

/** The framework of the build is not among the installed packages. */
export class FrameworkVersionMissingError extends EvenkeelError {
  readonly code = "framework_version_missing";
  readonly fault = "user";
}

/** The app's `env.ts` and what it imports cannot be made one file. */
export class EnvSchemaUnreadableError extends EvenkeelError {
  readonly code = "env_schema_unreadable";
  readonly fault = "user";
}

/** The schema that the app ships for its environment threw, hung, or ended without a result. */
export class EnvSchemaFailedError extends EvenkeelError {
  readonly code = "env_schema_failed";
  readonly fault = "user";
}

/** A `runbook.ts` that does not end, throws, or exports something other than plain data. */
export class RunbookUnreadableError extends EvenkeelError {
  readonly code = "runbook_unreadable";
  readonly fault = "user";
}

/** The room itself could not be made; the build never began. */
export class RoomFailedError extends EvenkeelError {
  readonly code = "build_room_failed";
  readonly fault = "platform";
}

// --- import and store --------------------------------------------------------------------------

/** A Build Output that breaks its format; the message names file and place. */
export class OutputInvalidError extends EvenkeelError {
  readonly code = "output_invalid";
  readonly fault = "user";
}

/** A path or link of a Build Output that leads out of it. */
export class OutputPathRefusedError extends EvenkeelError {
  readonly code = "output_path_refused";
  readonly fault = "user";
}

/** A function lacks its handler, settings, or a file that it names. */
export class HandlerMissingError extends EvenkeelError {
  readonly code = "output_handler_missing";
  readonly fault = "user";
}

/** A Build Output with a version, runtime or part that is not supported. */
export class OutputUnsupportedError extends EvenkeelError {
  readonly code = "output_unsupported";
  readonly fault = "user";
}

/** Files that browsers may load hold values of secrets. */
export class SecretExposedError extends EvenkeelError {
  readonly code = "secret_exposed";
  readonly fault = "user";

  constructor(exposed: { file: string; names: string[] }[]) {
    const shown = exposed.slice(0, shownFiles).map(({ file, names }) => `\n  ${file}: ${names.join(", ")}`);
    const more = exposed.length > shownFiles ? `\n  and ${exposed.length - shownFiles} more files` : "";
    const name = exposed[0]!.names[0]!;
    super(`Files that browsers can load hold values of secrets:${shown.join("")}${more}`, {
      hint: `Read them on the server alone; what is in such a file by now should be rotated if it was ever deployed. If everybody may know ${name}: evenkeel env publish APP ${name}`,
    });
  }
}

const shownFiles = 20;

/** A build output that is not, or no longer, in the artifact store. */
export class OutputMissingError extends EvenkeelError {
  readonly code = "output_missing";
  readonly fault = "platform";
}

/** The disk of the artifact store is full. */
export class StoreFullError extends EvenkeelError {
  readonly code = "store_full";
  readonly fault = "platform";
}

/** Imports held the artifact store for so long that it could not be swept. */
export class StoreBusyError extends EvenkeelError {
  readonly code = "store_busy";
  readonly fault = "platform";
}
