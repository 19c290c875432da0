import type { Logger } from "@openfeature/core";

/** What the library would log is an app's fault, and told to the app. */
export const silentLogger: Logger = { error() {}, warn() {}, info() {}, debug() {} };
