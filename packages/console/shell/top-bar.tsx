import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../api/call.ts";
import { tabToken } from "../api/session.ts";
import { useViewer } from "../api/viewer.ts";
import { Button, IconButton } from "../kit/button.tsx";
import { classes } from "../kit/classes.ts";
import { Icon } from "../kit/icon.tsx";
import { Menu } from "../kit/menu.tsx";
import { useLiveState } from "./live-context.ts";
import { setTheme, type Theme, themeNow } from "./theme.ts";

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function TopBar({ onSearch, onMenu }: { onSearch: () => void; onMenu: () => void }) {
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-ground/90 px-3 backdrop-blur sm:px-6">
      <IconButton label="Menu" icon="menu" className="md:hidden" onClick={onMenu} />
      <button
        type="button"
        onClick={onSearch}
        className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-md border border-line bg-panel px-2.5 text-sm text-faint hover:border-line-strong sm:max-w-xs"
      >
        <Icon name="search" size={14} />
        <span className="truncate">Search or jump to …</span>
        <kbd className="ml-auto hidden font-sans text-xs sm:inline">{isMac ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <div className="ml-auto flex items-center gap-1">
        <LiveMark />
        <ThemeMenu />
        <ViewerMenu />
      </div>
    </header>
  );
}

const words = { live: "Live", connecting: "Connecting", away: "Not connected" };

function LiveMark() {
  const state = useLiveState();
  return (
    <span
      className="mr-1 inline-flex items-center gap-1.5 text-xs text-quiet"
      title={state === "live" ? "Changes show by themselves" : "What you see may be from before"}
    >
      <span
        aria-hidden="true"
        className={classes(
          "size-2",
          state === "live" && "rounded-full bg-good",
          state === "connecting" && "breathe rounded-full bg-faint",
          state === "away" && "rotate-45 bg-warn",
        )}
      />
      {words[state]}
    </span>
  );
}

const themes: [Theme, string, "monitor" | "sun" | "moon"][] = [
  ["system", "As the system", "monitor"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

function ThemeMenu() {
  const [theme, choose] = useState(themeNow);
  return (
    <Menu
      label="Theme"
      trigger={<IconButton label="Theme" icon={themes.find(([each]) => each === theme)?.[2] ?? "monitor"} />}
      items={themes.map(([each, label, icon]) => ({
        ...{ label, icon, isOn: each === theme },
        onSelect: () => {
          setTheme(each);
          choose(each);
        },
      }))}
    />
  );
}

function ViewerMenu() {
  const viewer = useViewer();
  const navigate = useNavigate();
  const queries = useQueryClient();
  return (
    <Menu
      label="Account"
      trigger={
        <Button look="ghost" icon="user" aria-label={`Account of ${viewer.name}`}>
          <span className="hidden max-w-32 truncate sm:inline">{viewer.name}</span>
        </Button>
      }
      items={[
        { label: "Account", icon: "settings", onSelect: () => void navigate({ to: "/me" }) },
        {
          label: "Sign out",
          icon: "external",
          onSelect: () => {
            const leave = () => {
              tabToken.forget();
              queries.clear();
              void navigate({ to: "/sign-in", search: {} });
            };
            if (viewer.me === undefined) leave();
            else void call("signOut", {}).then(leave, leave);
          },
        },
      ]}
    />
  );
}
