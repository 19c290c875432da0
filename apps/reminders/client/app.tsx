import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { ask } from "./ask.ts";
import { Board } from "./pages/board.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { Failure, Loading } from "./parts/states.tsx";

const Contacts = lazy(() => import("./pages/contacts.tsx"));
const Contact = lazy(() => import("./pages/contact.tsx"));
const Conversations = lazy(() => import("./pages/conversations.tsx"));
const Calendar = lazy(() => import("./pages/calendar.tsx"));
const Answers = lazy(() => import("./pages/answers.tsx"));
const Messages = lazy(() => import("./pages/messages.tsx"));
const Flows = lazy(() => import("./pages/flows.tsx"));
const Settings = lazy(() => import("./pages/settings.tsx"));

export interface Session {
  operator: { name: string; email: string } | null;
  needsSetup: boolean;
}

const pages = [
  ["/", "Today"],
  ["/contacts", "People"],
  ["/conversations", "Conversations"],
  ["/calendar", "Calendar"],
  ["/answers", "Answers"],
  ["/messages", "Messages"],
  ["/flows", "Flows"],
  ["/settings", "Settings"],
] as const;

export function App() {
  const session = useQuery({
    queryKey: ["session"],
    queryFn: () => ask<Session>("/session"),
    refetchInterval: 60_000,
  });
  if (session.isPending) return <Loading />;
  if (session.isError) return <Failure error={session.error} />;
  if (!session.data.operator) return <SignIn needsSetup={session.data.needsSetup} />;
  return (
    <div className="frame">
      <Navigation name={session.data.operator.name} />
      <main id="main">
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Board} />
            <Route path="/contacts" component={Contacts} />
            <Route path="/contacts/:id">{({ id }) => <Contact id={id} />}</Route>
            <Route path="/conversations/:id?">{({ id }) => <Conversations id={id} />}</Route>
            <Route path="/calendar" component={Calendar} />
            <Route path="/answers" component={Answers} />
            <Route path="/messages" component={Messages} />
            <Route path="/settings" component={Settings} />
            <Route path="/flows/:id?">{({ id }) => <Flows id={id} />}</Route>
            <Route>
              <h1>There is no such page</h1>
              <Link href="/">To today's board</Link>
            </Route>
          </Switch>
        </Suspense>
      </main>
    </div>
  );
}

function Navigation({ name }: { name: string }) {
  const [location] = useLocation();
  const queries = useQueryClient();
  const signOut = async () => {
    await ask("/session", "DELETE");
    queries.clear();
    await queries.invalidateQueries();
    location === "/" ? window.location.reload() : window.location.assign("/");
  };
  return (
    <header>
      <a className="skip" href="#main">
        To the content
      </a>
      <span className="brand">Reminders</span>
      <nav aria-label="Pages">
        {pages.map(([path, title]) => {
          const here = path === "/" ? location === "/" : location.startsWith(path);
          return (
            <Link key={path} href={path} aria-current={here ? "page" : undefined}>
              {title}
            </Link>
          );
        })}
      </nav>
      <span className="who">
        {name}{" "}
        <button type="button" className="quiet" onClick={signOut}>
          Sign out
        </button>
      </span>
    </header>
  );
}
