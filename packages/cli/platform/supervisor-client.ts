import { type HomeLayout, ReportedError } from "@evenkeel/model";
import { connectForMessages } from "@evenkeel/wire";
import { PlatformNotRunningError } from "../errors.ts";
import type { ProcessReport } from "../supervisor/kept-process.ts";
import type { SchedulerReport } from "../supervisor/scheduler-watch.ts";
import type { FromSupervisor, ToSupervisor } from "../supervisor/supervisor-protocol.ts";

/**
 * Asks the supervisor; `onStep` hears what it does meanwhile.
 *
 * @throws PlatformNotRunningError where nobody listens
 */
export async function askSupervisor(
  layout: HomeLayout,
  request: ToSupervisor,
  onStep: (step: string) => void = () => {},
): Promise<ProcessReport[]> {
  return (await exchange(layout, request, onStep)).processes ?? [];
}

/** All that the supervisor knows. @throws PlatformNotRunningError */
export async function askStatus(
  layout: HomeLayout,
): Promise<{ processes: ProcessReport[]; scheduler: SchedulerReport | undefined }> {
  const { processes = [], scheduler } = await exchange(layout, { type: "status" });
  return { processes, scheduler };
}

async function exchange(
  layout: HomeLayout,
  request: ToSupervisor,
  onStep: (step: string) => void = () => {},
): Promise<FromSupervisor> {
  const connection = await connectForMessages<FromSupervisor, ToSupervisor>(layout.supervisorSocket).catch(
    (cause) => {
      throw new PlatformNotRunningError(layout.home, cause);
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<FromSupervisor>();
  connection.onMessage = (message) => {
    if (message.step !== undefined) onStep(message.step);
    if (message.error) reject(new ReportedError(message.error));
    else if (message.done) resolve(message);
  };
  connection.onClose = () => reject(new PlatformNotRunningError(layout.home));
  connection.send(request);
  try {
    return await promise;
  } finally {
    connection.onClose = () => {};
    connection.close();
  }
}

export async function isSupervised(layout: HomeLayout): Promise<boolean> {
  try {
    await askSupervisor(layout, { type: "status" });
    return true;
  } catch (error) {
    if (error instanceof PlatformNotRunningError) return false;
    throw error;
  }
}
