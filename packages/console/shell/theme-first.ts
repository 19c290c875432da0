// Runs before the first paint, so that a page does not flash in the other theme.
import { applyTheme } from "./theme.ts";

applyTheme();
