import {
  type DatabasesReply,
  type DatabasesRequest,
  errorJson,
  type FromDatabases,
  type PlatformRequest,
  type ToDatabases,
} from "@evenkeel/model";
import { listenForMessages } from "@evenkeel/wire";
import type { OnProgress } from "./cluster-protection.ts";

/** Progress of a step is told at most so often. */
const progressEveryMs = 100;

type Answerer<Request> = { answer(request: Request, onProgress: OnProgress): Promise<DatabasesReply> };

const isForPlatform = (request: DatabasesRequest | PlatformRequest): request is PlatformRequest =>
  ["platform", "backupPlatform", "placeArchive"].includes(request.type);

/** The keeper's socket: what is asked of apps' databases, and of the platform itself. */
export function serveDatabases(
  databases: Answerer<DatabasesRequest>,
  platform: Answerer<PlatformRequest>,
  socketPath: string,
): { stop(): void } {
  const answer = (request: DatabasesRequest | PlatformRequest, onProgress: OnProgress) =>
    isForPlatform(request) ? platform.answer(request, onProgress) : databases.answer(request, onProgress);
  return listenForMessages<ToDatabases, FromDatabases>(socketPath, (connection) => {
    connection.onMessage = ({ id, ...request }) => {
      let lastStep = "";
      let toldAtMs = 0;
      answer(request, (progress) => {
        const now = performance.now();
        if (progress.step === lastStep && now - toldAtMs < progressEveryMs) return;
        lastStep = progress.step;
        toldAtMs = now;
        connection.send({ id, done: false, progress });
      }).then(
        (reply) => connection.send({ id, done: true, ...reply }),
        (error) => {
          console.error(
            `${new Date().toISOString()} ${request.type} failed: ${error instanceof Error ? error.stack : error}`,
          );
          connection.send({ id, done: true, error: errorJson(error) });
        },
      );
    };
  });
}
