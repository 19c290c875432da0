/** What the command line and control use of the host beside its socket (`@evenkeel/model`, `host-protocol.ts`). */
export { type IsolationCheck, type IsolationReport, isolationReport } from "./isolation/isolation-report.ts";
