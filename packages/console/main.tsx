import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { faultOf } from "./api/api-fault.ts";
import { Live } from "./api/live.ts";
import { makeRouter } from "./routes.tsx";
import { LiveContext } from "./shell/live-context.ts";
import { followTheme } from "./shell/theme.ts";

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => leaveIfSignedOut(error) }),
  mutationCache: new MutationCache({ onError: (error) => leaveIfSignedOut(error) }),
  defaultOptions: {
    // Events say when an answer is out of date. After an outage everything is asked for anew, so nothing need be tried again before.
    queries: { staleTime: 30_000, retry: false, refetchOnWindowFocus: false },
  },
});
const router = makeRouter();

/** To the sign-in, and from there back to where one was. */
function leaveIfSignedOut(error: unknown): void {
  if (!faultOf(error).isSignedOut) return;
  const { pathname, href } = router.state.location;
  if (pathname === "/sign-in") return;
  void router.navigate({ to: "/sign-in", search: { back: href } });
}

const live = new Live(queries);
followTheme();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LiveContext value={live}>
        <RouterProvider router={router} />
      </LiveContext>
    </QueryClientProvider>
  </StrictMode>,
);
