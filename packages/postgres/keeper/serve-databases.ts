import { errorJson, type FromDatabases, type ToDatabases } from "@evenkeel/model";
import { listenForMessages } from "@evenkeel/wire";
import type { DatabaseKeeper } from "./database-keeper.ts";

/** Progress of a step is told at most so often. */
const progressEveryMs = 100;

/** The keeper's socket. */
export function serveDatabases(keeper: DatabaseKeeper, socketPath: string): { stop(): void } {
  return listenForMessages<ToDatabases, FromDatabases>(socketPath, (connection) => {
    connection.onMessage = ({ id, ...request }) => {
      let lastStep = "";
      let toldAtMs = 0;
      keeper
        .answer(request, (progress) => {
          const now = performance.now();
          if (progress.step === lastStep && now - toldAtMs < progressEveryMs) return;
          lastStep = progress.step;
          toldAtMs = now;
          connection.send({ id, done: false, progress });
        })
        .then(
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
