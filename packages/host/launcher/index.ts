export { ensureLauncherBundle } from "./bundle.ts";
