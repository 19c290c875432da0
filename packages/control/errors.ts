import {
  type AppName,
  type EnvironmentName,
  type ErrorDetails,
  type ErrorJson,
  EvenkeelError,
  ReportedError,
} from "@evenkeel/model";

// --- client ------------------------------------------------------------------------------------

/** An error that the API answered; keeps its code. */
export class ApiError extends ReportedError {
  constructor(
    json: ErrorJson,
    /** HTTP status. */
    readonly status: number,
  ) {
    super(json, status >= 500 ? "platform" : "user");
  }
}

/** Nobody answers at the API's address. */
export class ControlUnreachableError extends EvenkeelError {
  readonly code = "control_unreachable";
  readonly fault = "platform";

  constructor(address: string, details: ErrorDetails = {}) {
    super(`Reaching the control plane at ${address} failed`, {
      hint: "Start the platform with `evenkeel up`; `evenkeel status` shows what runs.",
      ...details,
    });
  }
}

// --- gates -------------------------------------------------------------------------------------

/** A command that has to pass before a release did not. */
export class GateFailedError extends EvenkeelError {
  readonly code = "gate_failed";
  readonly fault = "user";

  constructor(name: string, cause: EvenkeelError) {
    super(`${name} did not pass: ${cause.message}`, {
      hint: "What answered before still does; the build's log has what it printed.",
      cause,
    });
  }
}

/** What was built is larger than its budget. */
export class BudgetExceededError extends EvenkeelError {
  readonly code = "budget_exceeded";
  readonly fault = "user";

  constructor(of: string, measured: string) {
    super(`The build exceeds its ${of} budget. ${measured}`, {
      hint: "Load less at first, or raise the budget. What answered before still does.",
    });
  }
}

// --- rules of releases -------------------------------------------------------------------------

/** A deployment that somebody, or a decision, said is never to be brought back. */
export class DeploymentCondemnedError extends EvenkeelError {
  readonly code = "deployment_condemned";
  readonly fault = "user";

  constructor(id: string, who: string, reason: string) {
    super(`Deployment ${id} was condemned by ${who}: ${reason}`, {
      hint: `It is never rolled back to. \`evenkeel promote ${id} --even-condemned\` releases it, \`evenkeel condemn ${id} --lift\` takes that back.`,
    });
  }
}

/** A rollback that takes two people, and one has asked for it. */
export class RollbackNeedsApprovalError extends EvenkeelError {
  readonly code = "rollback_needs_approval";
  readonly fault = "user";

  constructor(app: AppName, environment: string, to: string, who: string, approval: string) {
    super(`The rollback of ${app} in ${environment} to ${to} needs a second person beside ${who}`, {
      hint: `It is noted for an hour. Somebody else agrees as themselves: evenkeel approvals approve ${approval}, or evenkeel rollback ${app} --to ${to}`,
    });
  }
}

// --- approvals -----------------------------------------------------------------------------------

/** No approval has that id. */
export class ApprovalUnknownError extends EvenkeelError {
  readonly code = "approval_unknown";
  readonly fault = "user";

  constructor(id: string) {
    super(`There is no approval ${id}`, { hint: "`evenkeel approvals list` shows what waits for a word." });
  }
}

/** Nothing is waiting for that word, or the same person has given theirs. */
export class ApprovalStateError extends EvenkeelError {
  readonly code = "approval_state";
  readonly fault = "user";
}

/** What was asked for is noted, and waits for somebody else. */
export class ApprovalNeededError extends EvenkeelError {
  readonly code = "approval_needed";
  readonly fault = "user";

  constructor(app: AppName, id: string, what: string) {
    super(`To ${what} of ${app} needs another person's word`, {
      hint: `It is noted. Somebody else agrees as themselves: evenkeel approvals approve ${id}`,
    });
  }
}

/** A deploy that people did not agree to in time. */
export class ApprovalMissingError extends EvenkeelError {
  readonly code = "approval_missing";
  readonly fault = "user";

  constructor(id: string, state: string, refused: { name: string; reason?: string } | undefined) {
    const why = refused?.reason === undefined ? "" : `: ${refused.reason}`;
    super(
      refused
        ? `The deploy ${id} was refused by ${refused.name}${why}`
        : `The deploy ${id} was not agreed to in time: its approval is ${state}`,
      { hint: "What answered before still does. Deploy again to ask anew." },
    );
  }
}

/** What was pushed is built and not released, since an automatic rollback or a person paused that. */
export class AutoDeployPausedError extends EvenkeelError {
  readonly code = "auto_deploy_paused";
  readonly fault = "user";

  constructor(
    { id, app, environment }: { id: string; app: AppName; environment: string },
    pause: { by: string; reason: string },
  ) {
    super(`Auto-deploy of ${environment} was paused by ${pause.by}: ${pause.reason}`, {
      hint: `It is built as ${id}. \`evenkeel promote ${id}\` releases it and resumes auto-deploy; \`evenkeel auto-deploy resume ${app}\` resumes it for the next push.`,
    });
  }
}

// --- staged releases ---------------------------------------------------------------------------

/** No staged release of the environment is under way, or it ended in this moment. */
export class CanaryUnknownError extends EvenkeelError {
  readonly code = "canary_unknown";
  readonly fault = "user";

  constructor(app: AppName, environment: string) {
    super(`No canary of ${app} is under way in ${environment}`, {
      hint: `It has ended, or none was begun: evenkeel canary status ${app}`,
    });
  }
}

/** Somebody else, or the platform, moved the staged release since the caller looked. */
export class CanaryMovedError extends EvenkeelError {
  readonly code = "canary_moved";
  readonly fault = "user";

  constructor(app: AppName, step: number) {
    super(`The canary of ${app} has come to step ${step} meanwhile`, {
      hint: `Look again, then repeat the command: evenkeel canary status ${app}`,
    });
  }
}

/** A second staged release of one alias. */
export class CanaryUnderWayError extends EvenkeelError {
  readonly code = "canary_under_way";
  readonly fault = "user";

  constructor(host: string) {
    super(`A canary is under way at ${host}`, {
      hint: "Promote or abort it first; `evenkeel canary status` shows it.",
    });
  }
}

/** A canary was ended before all visitors were its: the deployment is kept and not released. */
export class CanaryAbortedError extends EvenkeelError {
  readonly code = "canary_aborted";
  readonly fault = "user";

  constructor(id: string, who: string, reason: string | null) {
    super(`The canary of ${id} was aborted by ${who}${reason ? `: ${reason}` : ""}`, {
      hint: `All visitors have what answered before. It stays at its own URL; \`evenkeel promote ${id}\` releases it all the same.`,
    });
  }
}

// --- processes ---------------------------------------------------------------------------------

/** The `release` command of a deployment failed, or was interrupted. */
export class ReleasePhaseFailedError extends EvenkeelError {
  readonly code = "release_phase_failed";
  readonly fault = "user";

  constructor(message: string, hint: string) {
    super(message, { hint });
  }
}

/** A process type that no deployment of the environment has. */
export class ProcessTypeUnknownError extends EvenkeelError {
  readonly code = "process_type_unknown";
  readonly fault = "user";

  constructor(app: AppName, environment: EnvironmentName, type: string, known: string[]) {
    super(`${app} has no process type "${type}" in ${environment}`, {
      hint:
        known.length > 0
          ? `Its Procfile names ${known.join(", ")}.`
          : "Deploy it with a Procfile there first.",
    });
  }
}

/** An environment (or branch) at which nothing is released. */
export class NothingReleasedError extends EvenkeelError {
  readonly code = "nothing_released";
  readonly fault = "user";

  constructor(host: string) {
    super(`Nothing is released at ${host}`, { hint: "Deploy there first." });
  }
}

/** A one-off command that has ended, or never was. */
export class RunUnknownError extends EvenkeelError {
  readonly code = "run_unknown";
  readonly fault = "user";

  constructor(run: string) {
    super(`No command ${JSON.stringify(run.slice(0, 40))} is running`, { hint: "It has ended." });
  }
}

// --- state -------------------------------------------------------------------------------------

/** The control plane's own database does not answer. Apps are served all the same. */
export class DatabaseUnavailableError extends EvenkeelError {
  readonly code = "database_unavailable";
  readonly fault = "platform";

  constructor(details: ErrorDetails = {}) {
    super("The control plane's database does not answer", {
      hint: "Apps are served all the same. It is started again by itself; repeat the command in a few seconds.",
      ...details,
    });
  }
}

/** A migration of the control plane's database is not the one that was applied. */
export class MigrationDriftError extends EvenkeelError {
  readonly code = "migration_drift";
  readonly fault = "platform";

  constructor(message: string) {
    super(message, {
      hint: "Run the version of Evenkeel that this database was last used with, or a newer one.",
    });
  }
}

/** A stored value does not open with `keys/master.key`. */
export class VaultKeyMismatchError extends EvenkeelError {
  readonly code = "vault_key_mismatch";
  readonly fault = "platform";

  constructor(name: string, details: ErrorDetails = {}) {
    super(`The stored value of variable ${name} does not open with this platform's master key`, {
      hint: "Put back the keys/master.key that belongs to this database, or set the variable anew.",
      ...details,
    });
  }
}

// --- other processes ---------------------------------------------------------------------------

/** The keeper of apps' databases does not answer, or was lost amid the work. */
export class DatabasesUnreachableError extends EvenkeelError {
  readonly code = "databases_unreachable";
  readonly fault = "platform";

  constructor(details: ErrorDetails = {}) {
    super("The keeper of the apps' databases did not answer", {
      hint: "It is started again by itself, and databases serve all the same; `evenkeel status` shows whether it runs. Look with `evenkeel db list`, then repeat the command.",
      ...details,
    });
  }
}

/** The process that holds apps' buckets does not answer. */
export class BlobsUnreachableError extends EvenkeelError {
  readonly code = "blobs_unreachable";
  readonly fault = "platform";

  constructor(details: ErrorDetails = {}) {
    super("The process that holds the apps' buckets did not answer", {
      hint: "It is started again by itself; `evenkeel status` shows whether it runs. Then repeat the command.",
      ...details,
    });
  }
}

/** An app environment has no database. */
export class DatabaseUnknownError extends EvenkeelError {
  readonly code = "database_unknown";
  readonly fault = "user";

  constructor(app: AppName, environment: EnvironmentName) {
    super(`${app} has no database in ${environment}`, {
      hint: `Make one: evenkeel db create ${app} --env ${environment}`,
    });
  }
}

/** An app environment never had this version of its flags. */
export class FlagVersionUnknownError extends EvenkeelError {
  readonly code = "flag_version_unknown";
  readonly fault = "user";

  constructor(app: AppName, version: number) {
    super(`The flags of ${app} have no version ${version}`, {
      hint: `See them all: evenkeel flags history ${app}`,
    });
  }
}

/** The app has no such branch of its database. */
export class BranchUnknownError extends EvenkeelError {
  readonly code = "branch_unknown";
  readonly fault = "user";

  constructor(app: AppName, branch: string) {
    super(`The database of ${app} has no branch "${branch.slice(0, 80)}"`, {
      hint: `\`evenkeel db branches ${app}\` lists them; \`evenkeel db branch ${app} NAME\` makes one.`,
    });
  }
}

/** A branch of that name is there for something else. */
export class BranchTakenError extends EvenkeelError {
  readonly code = "branch_taken";
  readonly fault = "user";

  constructor(app: AppName, branch: string) {
    super(`The database of ${app} has another branch "${branch}"`, {
      hint: `Choose another name, or remove it: evenkeel db branch ${app} ${branch} --remove`,
    });
  }
}

/** No preview answers at the alias of this branch. */
export class PreviewUnknownError extends EvenkeelError {
  readonly code = "preview_unknown";
  readonly fault = "user";

  constructor(app: AppName, branch: string) {
    super(`${app} has no preview of the branch "${branch.slice(0, 80)}"`, {
      hint: `\`evenkeel list ${app}\` shows its deployments with their branches.`,
    });
  }
}

/** No deployment of the environment brings migrations for a database. */
export class MigrationsUnknownError extends EvenkeelError {
  readonly code = "migrations_unknown";
  readonly fault = "user";

  constructor(app: AppName, environment: EnvironmentName) {
    super(`No deployment of ${app} in ${environment} has migrations and a database`, {
      hint: "Deploy a source with migrations: SQL files in migrations/, Drizzle's, Prisma's or Kysely's.",
    });
  }
}

/** The pending migrations are not those that somebody has looked at. */
export class MigrationsChangedError extends EvenkeelError {
  readonly code = "migrations_changed";
  readonly fault = "user";

  constructor(app: AppName, environment: EnvironmentName) {
    super(`What is pending in ${app}/${environment} is not what was to be approved`, {
      hint: `Look again: evenkeel db migrate ${app} --env ${environment} --dry-run`,
    });
  }
}

/** A command needs the packages of its build, which are there while it is deployed. */
export class MigrationsOnlyByDeployError extends EvenkeelError {
  readonly code = "migrations_only_by_deploy";
  readonly fault = "user";

  constructor(app: AppName, tool: string) {
    super(`The migrations of ${app} are a command of ${tool}, which runs while it is deployed`, {
      hint: "Deploy again.",
    });
  }
}

/** Something that must be recorded with a reason was asked for without one. */
export class ReasonMissingError extends EvenkeelError {
  readonly code = "reason_missing";
  readonly fault = "user";

  constructor(what: string) {
    super(`${what} needs a reason`, { hint: 'Say it with -m "REASON"; it stays in the ledger.' });
  }
}

/** The host did not answer within the limit. */
export class HostUnreachableError extends EvenkeelError {
  readonly code = "host_unreachable";
  readonly fault = "platform";

  constructor(details: ErrorDetails = {}) {
    super("The host process did not answer in time", {
      hint: "It is started again by itself; `evenkeel status` shows whether it runs. Then repeat the command.",
      ...details,
    });
  }
}

/** No edge answered on the platform's port. */
export class EdgeUnreachableError extends EvenkeelError {
  readonly code = "edge_unreachable";
  readonly fault = "platform";

  constructor(host: string, details: ErrorDetails = {}) {
    super(`No edge answered for ${host}`, {
      hint: "Edges are started again by themselves; `evenkeel status` shows whether they run.",
      ...details,
    });
  }
}

// --- apps and configuration --------------------------------------------------------------------

/** There is no app of that name. */
export class AppUnknownError extends EvenkeelError {
  readonly code = "app_unknown";
  readonly fault = "user";

  constructor(name: string) {
    super(`There is no app "${name}"`, {
      hint: "`evenkeel list` shows the apps; `evenkeel deploy` makes one.",
    });
  }
}

/** Names or values of variables cannot be given to a process. */
export class VariableRefusedError extends EvenkeelError {
  readonly code = "variable_refused";
  readonly fault = "user";

  /** @param faults never with a value */
  constructor(faults: { name: string; reason: string }[]) {
    const shown = faults.map(({ name, reason }) => ({ name: JSON.stringify(name.slice(0, 80)), reason }));
    super(
      shown.length === 1
        ? `Variable ${shown[0]!.name} cannot be set: ${shown[0]!.reason}`
        : `${shown.length} variables cannot be set:${shown.map(({ name, reason }) => `\n  ${name}: ${reason}`).join("")}`,
      { hint: "Nothing was set. Choose other names or values for them." },
    );
  }
}

/** The environment has no such variable. */
export class VariableUnknownError extends EvenkeelError {
  readonly code = "variable_unknown";
  readonly fault = "user";

  constructor(names: string[], environment: string) {
    const shown = names.map((name) => JSON.stringify(name.slice(0, 80)));
    super(
      shown.length === 1
        ? `Variable ${shown[0]} is not set in ${environment}`
        : `Variables are not set in ${environment}: ${shown.join(", ")}`,
      { hint: `Nothing was changed. \`evenkeel env ls APP --env ${environment}\` shows what is set.` },
    );
  }
}

/** The variable's last rotation is not over, or the name of its previous value is taken. */
export class RotationUnderWayError extends EvenkeelError {
  readonly code = "rotation_under_way";
  readonly fault = "user";

  constructor(app: AppName, environment: string, name: string) {
    super(`${name} cannot be rotated: ${name}_PREVIOUS is set in ${environment}`, {
      hint: `End the last rotation with \`evenkeel env rotate ${app} ${name} --env ${environment} --end\`, or remove ${name}_PREVIOUS.`,
    });
  }
}

/** The app's own schema (`env.ts`) does not accept its variables. */
export class EnvironmentRefusedError extends EvenkeelError {
  readonly code = "environment_refused";
  readonly fault = "user";

  constructor(
    app: AppName,
    environment: string,
    schema: string,
    faults: { name: string; message: string }[],
  ) {
    const lines = faults.map(({ name, message }) => `\n  ${name}: ${message}`);
    super(`The variables of ${app} in ${environment} do not meet its ${schema}:${lines.join("")}`, {
      hint: `Set them: evenkeel env set ${app} ${faults[0]!.name === "(all)" ? "NAME" : faults[0]!.name} --env ${environment}`,
    });
  }
}

/** `vercel.json` gives names the values of variables that are not set. */
export class ReferenceMissingError extends EvenkeelError {
  readonly code = "reference_missing";
  readonly fault = "user";

  constructor(app: AppName, environment: string, missing: { name: string; reference: string }[]) {
    const shown = missing.map(
      ({ name, reference }) => `@${reference.slice(0, 80)} (for ${name.slice(0, 80)})`,
    );
    super(
      `vercel.json refers to variables that ${app} does not have in ${environment}: ${shown.join(", ")}`,
      {
        hint: `Set each of them: evenkeel env set ${app} ${missing[0]!.reference.toUpperCase().replaceAll("-", "_")} --env ${environment}`,
      },
    );
  }
}

/** Another app, branch or domain has the host name already. */
export class HostTakenError extends EvenkeelError {
  readonly code = "host_taken";
  readonly fault = "user";

  constructor(host: string, details: ErrorDetails = {}) {
    super(`The host name ${host} is taken`, {
      hint: "Remove it where it is used, or choose another name.",
      ...details,
    });
  }
}

/** The host name cannot be a custom domain. */
export class DomainRefusedError extends EvenkeelError {
  readonly code = "domain_refused";
  readonly fault = "user";
}

/** The app has no such domain. */
export class DomainUnknownError extends EvenkeelError {
  readonly code = "domain_unknown";
  readonly fault = "user";

  constructor(host: string) {
    super(`The app has no domain ${JSON.stringify(host.slice(0, 253))}`);
  }
}

// --- deployments and releases ------------------------------------------------------------------

/** There is no deployment of that id. */
export class DeploymentUnknownError extends EvenkeelError {
  readonly code = "deployment_unknown";
  readonly fault = "user";

  constructor(id: string) {
    super(`There is no deployment ${id}`, { hint: "`evenkeel list APP` shows an app's deployments." });
  }
}

/** The archive was not uploaded to this app, or is swept already. */
export class UploadUnknownError extends EvenkeelError {
  readonly code = "upload_unknown";
  readonly fault = "user";

  constructor(sha256: string) {
    super(`The app has no upload ${sha256.slice(0, 12)}…`, {
      hint: "Upload the archive first, then create the deployment.",
    });
  }
}

/** The deployment's source is no longer kept. */
export class SourceGoneError extends EvenkeelError {
  readonly code = "source_gone";
  readonly fault = "platform";

  constructor(id: string, details: ErrorDetails = {}) {
    super(`The source of deployment ${id} is no longer there`, {
      hint: "Deploy again from the source.",
      ...details,
    });
  }
}

/** The deployment is not in a state in which that can be done. */
export class DeploymentStateError extends EvenkeelError {
  readonly code = "deployment_state";
  readonly fault = "user";
}

/** A production build lacks jobs that its runbook promises. */
export class SchedulesMissingError extends EvenkeelError {
  readonly code = "schedules_missing";
  readonly fault = "user";

  constructor(file: string, missing: [path: string, cron: string][]) {
    const told = missing.map(([path, cron]) => `${path} at ${cron}`).join(", ");
    super(`The build does not declare what ${file} promises under schedules: ${told}`, {
      hint: "Declare it under `crons` in vercel.json, or take it out of the runbook.",
    });
  }
}

/** What is released has no `runbook.ts`, or nothing is released. */
export class RunbookMissingError extends EvenkeelError {
  readonly code = "runbook_missing";
  readonly fault = "user";

  constructor(app: string, environment: string) {
    super(`${app} has no runbook in force in ${environment}`, {
      hint: "Write a runbook.ts beside the app (`evenkeel runbook init` makes one) and deploy it.",
    });
  }
}

/** A time that ends before it begins, or that is longer than what is kept of it by the second. */
export class InvalidRangeError extends EvenkeelError {
  readonly code = "range_invalid";
  readonly fault = "user";

  constructor() {
    super("The time to be replayed is empty or longer than an hour", {
      hint: "Seconds are kept for an hour: choose --from and --to within it.",
    });
  }
}

/** Somebody else has changed the variable since the caller looked at it. */
export class VariableMovedError extends EvenkeelError {
  readonly code = "variable_moved";
  readonly fault = "user";

  constructor(name: string, seen: number, now: number) {
    const shown = (version: number) => (version === 0 ? "is not there" : `has version ${version}`);
    super(
      `The variable ${name} ${shown(now)}, and when you looked it ${seen === 0 ? "was not there" : `had version ${seen}`}`,
      {
        hint: "Look at what it is now, and set it again if it is still to be changed.",
      },
    );
  }
}

/** What was to be led away from does not answer any more: somebody was faster. */
export class DeploymentMovedError extends EvenkeelError {
  readonly code = "deployment_moved";
  readonly fault = "user";

  constructor(id: string, host: string) {
    super(`Deployment ${id} does not answer at ${host} any more`, {
      hint: "Look at what was released since.",
    });
  }
}

/** A newer deployment or a person ended this one before it went live. */
export class DeploymentEndedError extends EvenkeelError {
  readonly code = "deployment_ended";
  readonly fault = "user";

  constructor(id: string, state: string) {
    super(`Deployment ${id} was ${state} before it went live`);
  }
}

/** An alias points to it. */
export class DeploymentInUseError extends EvenkeelError {
  readonly code = "deployment_in_use";
  readonly fault = "user";
}

/** There is no such release. */
export class ReleaseUnknownError extends EvenkeelError {
  readonly code = "release_unknown";
  readonly fault = "user";
}

/** The answer to `GET /` came from the platform, not from the app. */
export class SmokeFailedError extends EvenkeelError {
  readonly code = "smoke_failed";
  readonly fault = "user";
}

/** The switch is made, but the new deployment was not seen to answer. */
export class ReleaseUnconfirmedError extends EvenkeelError {
  readonly code = "release_unconfirmed";
  readonly fault = "platform";
}

// --- schedules ---------------------------------------------------------------------------------

/** The app has no such scheduled job. */
export class ScheduleUnknownError extends EvenkeelError {
  readonly code = "schedule_unknown";
  readonly fault = "user";

  constructor(app: string, name: string) {
    super(`${app} has no schedule ${JSON.stringify(name.slice(0, 200))}`, {
      hint: `\`evenkeel schedules ${app}\` shows those of its production.`,
    });
  }
}

/** The job has no such run. */
export class ScheduleRunUnknownError extends EvenkeelError {
  readonly code = "schedule_run_unknown";
  readonly fault = "user";

  constructor(id: string, name: string) {
    super(`Schedule ${name} has no run ${JSON.stringify(id.slice(0, 100))}`, {
      hint: "History keeps a week whole, and the newest 1,000 runs of each schedule for 90 days.",
    });
  }
}

/** The schedule is not in the current release, so there is nothing to call. */
export class ScheduleNotReleasedError extends EvenkeelError {
  readonly code = "schedule_not_released";
  readonly fault = "user";

  constructor(app: string, name: string) {
    super(`Schedule ${name} is not in the current production release of ${app}`, {
      hint: "Deploy or roll back to a version that declares it.",
    });
  }
}

/** The value of CRON_SECRET cannot stand in a header. */
export class CronSecretRefusedError extends EvenkeelError {
  readonly code = "cron_secret_refused";
  readonly fault = "user";

  constructor(environment: string) {
    super(
      `CRON_SECRET of ${environment} cannot be sent: it has spaces at an end or characters that no header may have`,
      {
        hint: "Set it anew with visible ASCII characters only, or remove it: then one is made.",
      },
    );
  }
}

// --- git ---------------------------------------------------------------------------------------

/** Git ended with an error. */
export class GitFailedError extends EvenkeelError {
  readonly code = "git_failed";
  readonly fault = "platform";

  constructor(command: string, problem: string) {
    super(`git ${command} failed: ${problem.trim().slice(0, 2_000)}`);
  }
}

// --- requests ----------------------------------------------------------------------------------

/** A request does not have the form that its route wants. */
export class RequestInvalidError extends EvenkeelError {
  readonly code = "request_invalid";
  readonly fault = "user";
}

/** The request's body is larger than the API takes. */
export class RequestTooLargeError extends EvenkeelError {
  readonly code = "request_too_large";
  readonly fault = "user";

  constructor(limitBytes: number) {
    super(`The request's body is larger than ${limitBytes} bytes`);
  }
}

/** The API has no such route. */
export class RouteUnknownError extends EvenkeelError {
  readonly code = "route_unknown";
  readonly fault = "user";

  constructor(method: string, path: string) {
    super(`The API has no ${method} ${path.slice(0, 200)}`);
  }
}

/** The request carries no valid token. */
export class UnauthenticatedError extends EvenkeelError {
  readonly code = "unauthenticated";
  readonly fault = "user";

  constructor() {
    super("The request has no valid token or session", {
      hint: "Sign in, or send `Authorization: Bearer TOKEN`; the machine's own token is in keys/api-token of the data directory.",
    });
  }
}

/** The token lacks the permission, or is limited to other apps. */
export class ForbiddenError extends EvenkeelError {
  readonly code = "forbidden";
  readonly fault = "user";
}

/** There is no such token. */
export class TokenUnknownError extends EvenkeelError {
  readonly code = "token_unknown";
  readonly fault = "user";

  constructor() {
    super("There is no such token", { hint: "The list of tokens shows their ids." });
  }
}

/** The process was not started by the supervisor. */
export class SettingMissingError extends EvenkeelError {
  readonly code = "setting_missing";
  readonly fault = "platform";

  constructor(name: string) {
    super(`${name} is not set`, { hint: "The platform's processes are started by `evenkeel up`." });
  }
}

/** The process of the twins of outside providers does not answer. */
export class SandboxUnreachableError extends EvenkeelError {
  readonly code = "sandbox_unreachable";
  readonly fault = "platform";

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { hint: "`evenkeel status` shows whether it runs.", ...details });
  }
}

/** The process of telemetry is away. */
export class TelemetryUnreachableError extends EvenkeelError {
  readonly code = "telemetry_unreachable";
  readonly fault = "platform";

  constructor(details: ErrorDetails = {}) {
    super("The process that keeps traces, analytics and spending did not answer", {
      hint: "It is started again by itself; `evenkeel status` shows whether it runs. Then repeat the command.",
      ...details,
    });
  }
}

/** Another drill of the same app environment runs. */
export class DrillUnderWayError extends EvenkeelError {
  readonly code = "drill_under_way";
  readonly fault = "user";

  constructor(app: AppName, environment: string) {
    super(`A drill of ${app}/${environment} is under way`, {
      hint: `\`evenkeel drill list ${app}\` shows it. Wait for its end.`,
    });
  }
}

/** No drill has that id. */
export class DrillUnknownError extends EvenkeelError {
  readonly code = "drill_unknown";
  readonly fault = "user";

  constructor(app: AppName, id: string) {
    super(`App "${app}" has no drill ${id}`, { hint: `\`evenkeel drill list ${app}\` lists them.` });
  }
}

/** A drill lacks what it needs. */
export class DrillImpossibleError extends EvenkeelError {
  readonly code = "drill_impossible";
  readonly fault = "user";

  constructor(message: string, hint: string) {
    super(message, { hint });
  }
}

/** The runbook names who decides a failover, and it was none of them. */
export class FailoverDecisionError extends EvenkeelError {
  readonly code = "failover_needs_decision";
  readonly fault = "user";

  constructor(app: AppName, makers: readonly string[], given: string | undefined) {
    super(
      given === undefined
        ? `The runbook of ${app} says who decides a failover: ${makers.join(" or ")}`
        : `"${given}" does not decide failovers of ${app}: ${makers.join(" or ")} does`,
      { hint: `If that is you: --decided-by ${makers[0]}. It goes on record with your name.` },
    );
  }
}

/** No trace is kept by that id. */
export class TraceUnknownError extends EvenkeelError {
  readonly code = "trace_unknown";
  readonly fault = "user";

  constructor(id: string) {
    super(`No trace is kept for "${id}"`, {
      hint: "Traces are kept for seven days; of a busy site ten requests a second, and those that fail or begin to answer after a second. See `evenkeel traces APP`.",
    });
  }
}

/** An app has no such drain. */
export class DrainUnknownError extends EvenkeelError {
  readonly code = "drain_unknown";
  readonly fault = "user";

  constructor(app: AppName, id: string) {
    super(`App "${app}" has no drain ${id}`, { hint: `\`evenkeel drains ls ${app}\` lists them.` });
  }
}

/** No such export of telemetry. */
export class ExportUnknownError extends EvenkeelError {
  readonly code = "export_unknown";
  readonly fault = "user";

  constructor(id: string) {
    super(`There is no export ${id}`, { hint: "`evenkeel telemetry ls` lists them." });
  }
}

// --- incidents -----------------------------------------------------------------------------------

/** No such incident, or none that the caller may see. */
export class IncidentUnknownError extends EvenkeelError {
  readonly code = "incident_unknown";
  readonly fault = "user";

  constructor(id: number) {
    super(`There is no incident ${id}`, { hint: "`evenkeel incidents list --all` shows them." });
  }
}

/** Somebody else, or the platform, changed the incident since the caller looked. */
export class IncidentMovedError extends EvenkeelError {
  readonly code = "incident_moved";
  readonly fault = "user";

  constructor(id: number, seen: number, now: number) {
    super(`Incident ${id} has changed since revision ${seen}: it is at ${now} now`, {
      hint: `Look again, then repeat the command: evenkeel incidents show ${id}`,
    });
  }
}

/** The incident is in a state in which that cannot be done. */
export class IncidentStateError extends EvenkeelError {
  readonly code = "incident_state";
  readonly fault = "user";

  constructor(id: number, state: string, by: string | undefined) {
    super(`Incident ${id} is ${state} already${by === undefined ? "" : `, by ${by}`}`, {
      hint: `See what happened: evenkeel incidents show ${id}`,
    });
  }
}

/** No channel of that name, of the app or of the platform. */
export class ChannelUnknownError extends EvenkeelError {
  readonly code = "channel_unknown";
  readonly fault = "user";

  constructor(name: string) {
    super(`There is no channel "${name.slice(0, 60)}"`, {
      hint: "`evenkeel notify channels list` shows them.",
    });
  }
}

/** A channel of that name is there already. */
export class ChannelTakenError extends EvenkeelError {
  readonly code = "channel_taken";
  readonly fault = "user";

  constructor(name: string) {
    super(`A channel is called "${name}" already`, {
      hint: `Choose another name, or remove it first: evenkeel notify channels remove ${name}`,
    });
  }
}

/** A mode that cannot be entered. */
export class ModeRefusedError extends EvenkeelError {
  readonly code = "mode_refused";
  readonly fault = "user";

  static essential(app: AppName, features: string[]): ModeRefusedError {
    return new ModeRefusedError(
      `${features.join(", ")} of ${app} cannot be turned off: the runbook calls it essential`,
      {
        hint: "Name other features with --features, or change essential_services in the runbook.",
      },
    );
  }

  static nothingToTurnOff(app: AppName): ModeRefusedError {
    return new ModeRefusedError(`The degraded mode of ${app} has no features to turn off`, {
      hint: "Name flags with --features, or declare businessContinuity.degraded_mode in the runbook.",
    });
  }
}

/** No such scheduled maintenance of the app. */
export class MaintenanceUnknownError extends EvenkeelError {
  readonly code = "maintenance_unknown";
  readonly fault = "user";

  constructor(app: AppName, id: number) {
    super(`${app} has no scheduled maintenance ${id}`, {
      hint: `See them: evenkeel status-page show ${app}`,
    });
  }
}

// --- people ------------------------------------------------------------------------------------

/** A page that is not the console's used its cookie, or nobody can tell. */
export class CrossOriginError extends EvenkeelError {
  readonly code = "cross_origin";
  readonly fault = "user";

  constructor() {
    super("The request does not come from the console's own pages", {
      hint: "Open the console at the platform's address and try again there; programs use a token instead of a cookie.",
    });
  }
}

/** Signing in would send the password readable. */
export class PlainHttpError extends EvenkeelError {
  readonly code = "plain_http";
  readonly fault = "user";

  constructor(host: string) {
    super(`Signing in at http://${host} is refused: the way there is not encrypted`, {
      hint: "Put TLS in front of the platform and open it by https, or forward its port and open it at localhost.",
    });
  }
}

/** E-mail address, password, code or passkey are not right; nobody is told which. */
export class SignInRefusedError extends EvenkeelError {
  readonly code = "sign_in_refused";
  readonly fault = "user";

  constructor(what = "The e-mail address or the password") {
    super(`${what} is not right`, {
      hint: "Try again; an owner can send a new link to somebody who has forgotten the password.",
    });
  }
}

/** Too many failures of one account, browser or address. */
export class TooManyAttemptsError extends EvenkeelError {
  readonly code = "too_many_attempts";
  readonly fault = "user";

  constructor(waitMs: number) {
    super(`Too many attempts have failed; the next one is possible in ${Math.ceil(waitMs / 60_000)} min`, {
      hint: "A passkey works at once, and so does a browser that was signed in before.",
    });
  }
}

/** A command line's login that nobody has confirmed yet (RFC 8628, 3.5). */
export class AuthorizationPendingError extends EvenkeelError {
  readonly code = "authorization_pending";
  readonly fault = "user";

  constructor() {
    super("Nobody has confirmed the code yet", { hint: "Ask again after the interval." });
  }
}

/** A command line asks too often (RFC 8628, 3.5). */
export class SlowDownError extends EvenkeelError {
  readonly code = "slow_down";
  readonly fault = "user";

  constructor() {
    super("The command line asks too often whether its code was confirmed", {
      hint: "Wait for five seconds more between two questions.",
    });
  }
}

/** A person refused a command line's login (RFC 8628, 3.5). */
export class AccessDeniedError extends EvenkeelError {
  readonly code = "access_denied";
  readonly fault = "user";

  constructor() {
    super("The code was refused", { hint: "`evenkeel login` begins anew." });
  }
}

/** A command line's login that was not confirmed in time, or is done (RFC 8628, 3.5). */
export class ExpiredTokenError extends EvenkeelError {
  readonly code = "expired_token";
  readonly fault = "user";

  constructor() {
    super("The code is not valid any more", { hint: "`evenkeel login` begins anew." });
  }
}

/** The password can be guessed. */
export class PasswordRefusedError extends EvenkeelError {
  readonly code = "password_refused";
  readonly fault = "user";

  constructor(why: string) {
    super(`The password is refused: ${why}`, {
      hint: "Four or five words that do not belong together are long, strong and easily kept in mind; a password manager is better still.",
    });
  }
}

/** What is asked for needs the password or a passkey once more. */
export class FreshSignInNeededError extends EvenkeelError {
  readonly code = "fresh_sign_in_needed";
  readonly fault = "user";

  constructor() {
    super("This needs the password or a passkey once more", {
      hint: "Confirm who you are; it holds for ten minutes.",
    });
  }
}

/** A link to join that is not known, used, withdrawn or too old. */
export class LinkInvalidError extends EvenkeelError {
  readonly code = "link_invalid";
  readonly fault = "user";

  constructor() {
    super("The link is not valid, or no longer", {
      hint: "A link works once and for a limited time. An owner can send a new one; the first owner's is printed by `evenkeel people owner-link`.",
    });
  }
}

/** There is an owner, so no link for a first one. */
export class OwnerExistsError extends EvenkeelError {
  readonly code = "owner_exists";
  readonly fault = "user";

  constructor() {
    super("The platform has an owner already", {
      hint: "Invite somebody with `evenkeel people invite EMAIL --role owner`.",
    });
  }
}

/** Nobody could let others in any more. */
export class LastOwnerError extends EvenkeelError {
  readonly code = "last_owner";
  readonly fault = "user";

  constructor() {
    super("This is the platform's last owner", { hint: "Make somebody else an owner first." });
  }
}

/** No account has that id or e-mail address. */
export class PersonUnknownError extends EvenkeelError {
  readonly code = "person_unknown";
  readonly fault = "user";

  constructor() {
    super("There is no such person", { hint: "`evenkeel people ls` lists them." });
  }
}

/** The e-mail address has an account. */
export class PersonExistsError extends EvenkeelError {
  readonly code = "person_exists";
  readonly fault = "user";

  constructor(email: string) {
    super(`${email} has an account already`, { hint: "`evenkeel people role` changes what they may do." });
  }
}

/** No open invitation has that id. */
export class InvitationUnknownError extends EvenkeelError {
  readonly code = "invitation_unknown";
  readonly fault = "user";

  constructor() {
    super("There is no such open invitation", { hint: "`evenkeel people ls` lists them." });
  }
}

/** The person has no such session. */
export class SessionUnknownError extends EvenkeelError {
  readonly code = "session_unknown";
  readonly fault = "user";

  constructor() {
    super("There is no such session", { hint: "It may have ended; look at the list again." });
  }
}

/** Codes are on already, or not yet. */
export class SecondFactorStateError extends EvenkeelError {
  readonly code = "second_factor_state";
  readonly fault = "user";
}

/** The person has no such passkey. */
export class PasskeyUnknownError extends EvenkeelError {
  readonly code = "passkey_unknown";
  readonly fault = "user";

  constructor() {
    super("There is no such passkey", { hint: "It may have been removed; look at the list again." });
  }
}

/** What the authenticator answered is not accepted. */
export class PasskeyRefusedError extends EvenkeelError {
  readonly code = "passkey_refused";
  readonly fault = "user";

  constructor(why: string, details: ErrorDetails = {}) {
    super(`The passkey is not accepted: ${why}`, { hint: "Try again, or use the password.", ...details });
  }
}
