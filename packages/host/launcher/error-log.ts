/** The app's log, as it was before the app could replace `console`; the launcher takes its timers from `node:timers` for the same reason. */
export const logError: (...values: unknown[]) => void = console.error.bind(console);
