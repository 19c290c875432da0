import type { Provider } from "./provider/provider.ts";

/** Every twin there is. */
export const providers: readonly Provider[] = [];
