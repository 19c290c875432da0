import type { HomeLayout } from "@evenkeel/model";
import type { SignalRecorder } from "@evenkeel/signals/client/signal-recorder";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { Place } from "../../apps/hosts.ts";
import type { BlobsLink } from "../../blobs/blobs-link.ts";
import type { Database } from "../../database/database.ts";
import type { Branches } from "../../databases/branches.ts";
import type { DatabaseRemover } from "../../databases/database-remover.ts";
import type { DatabasesLink } from "../../databases/databases-link.ts";
import type { Evidence } from "../../databases/evidence.ts";
import type { PushReceiver } from "../../git/push-receiver.ts";
import type { HealthChecker } from "../../health/health-checker.ts";
import type { HostLink } from "../../instances/host-link.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { ProgressHub } from "../../pipeline/progress-hub.ts";
import type { Releaser } from "../../releases/releaser.ts";
import type { RunbookWatcher } from "../../runbook/runbook-watcher.ts";
import type { SandboxLink } from "../../sandbox/sandbox-link.ts";
import type { Scheduler } from "../../schedules/scheduler.ts";
import type { Serving } from "../../serving/serving.ts";
import type { StagedReleases } from "../../staged/staged-releases.ts";
import type { TelemetryLink } from "../../telemetry/telemetry-link.ts";
import type { AdminToken } from "../../tokens/admin-token.ts";
import type { Configurer } from "../../variables/configurer.ts";
import type { KeyRotation } from "../../vault/key-rotation.ts";
import type { Vault } from "../../vault/vault.ts";

/** What handlers work with. */
export interface ControlParts {
  layout: HomeLayout;
  place: Place;
  database: Database;
  vault: Vault;
  adminToken: AdminToken;
  serving: Serving;
  host: HostLink;
  databases: DatabasesLink;
  databaseRemover: DatabaseRemover;
  branches: Branches;
  blobs: BlobsLink;
  evidence: Evidence;
  sandbox: SandboxLink;
  telemetry: TelemetryLink;
  releaser: Releaser;
  staged: StagedReleases;
  health: HealthChecker;
  pipeline: Pipeline;
  configurer: Configurer;
  keyRotation: KeyRotation;
  hub: ProgressHub;
  pushReceiver: PushReceiver;
  scheduler: Scheduler;
  signals: SignalsClient;
  /** Of what control itself measures. */
  measures: SignalRecorder;
  watcher: RunbookWatcher;
  startedAtMs: number;
}
