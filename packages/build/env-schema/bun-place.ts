/** Where rooms see the platform's own Bun. */
export const bunPlace = "/evenkeel/platform-bun";
