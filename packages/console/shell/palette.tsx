import * as Radix from "@radix-ui/react-dialog";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Command } from "cmdk";
import { useMemo, useState } from "react";
import { useApi } from "../api/use-api.ts";
import { Icon, type IconName } from "../kit/icon.tsx";
import { appSections, platformSections } from "./sections.ts";
import { setTheme, type Theme } from "./theme.ts";

interface Entry {
  group: string;
  name: string;
  /** Beside the name. */
  note?: string;
  icon: IconName;
  go: () => void;
}

/** So many are shown at once. */
const most = 40;

/** Ctrl-K: every page, app and section by a few letters. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [words, setWords] = useState("");
  const entries = useEntries(onClose);
  const found = useMemo(() => matching(entries, words).slice(0, most), [entries, words]);
  const groups = [...new Set(found.map(({ group }) => group))];
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <div className="fixed inset-0 z-50 flex justify-center bg-[rgb(0_0_0/0.45)] px-3 pt-[12vh]">
          <Radix.Content
            aria-describedby={undefined}
            className="appear h-fit w-full max-w-xl overflow-hidden rounded-lg border border-line bg-panel shadow-raised outline-none"
          >
            <Radix.Title className="sr-only">Search</Radix.Title>
            <Command shouldFilter={false} label="Search" loop>
              <div className="flex items-center gap-2 border-b border-line px-3">
                <Icon name="search" className="text-faint" />
                <Command.Input
                  autoFocus
                  value={words}
                  onValueChange={setWords}
                  placeholder="App, page or action"
                  className="h-11 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-faint"
                />
              </div>
              <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
                <Command.Empty className="px-3 py-8 text-center text-sm text-quiet">
                  Nothing is called that.
                </Command.Empty>
                {groups.map((group) => (
                  <Command.Group
                    key={group}
                    heading={group}
                    className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint"
                  >
                    {found
                      .filter((entry) => entry.group === group)
                      .map(({ name, note, icon, go }) => (
                        <Command.Item
                          key={`${name} ${note}`}
                          value={`${group} ${name} ${note}`}
                          onSelect={() => {
                            onClose();
                            go();
                          }}
                          className="flex h-9 items-center gap-2.5 rounded-md px-2 text-sm data-[selected=true]:bg-raised"
                        >
                          <Icon name={icon} className="shrink-0 text-quiet" />
                          <span className="truncate">{name}</span>
                          {note !== undefined && (
                            <span className="ml-auto truncate text-xs text-faint">{note}</span>
                          )}
                        </Command.Item>
                      ))}
                  </Command.Group>
                ))}
              </Command.List>
            </Command>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

function useEntries(onClose: () => void): Entry[] {
  const navigate = useNavigate();
  const { app: here } = useParams({ strict: false });
  const { data } = useApi("listApps", {});
  return useMemo(() => {
    const sections = appSections.flatMap((group) => group.sections);
    const ofApp = (app: string, group: string): Entry[] =>
      sections.map(({ name, to, icon }) => ({
        ...{ group, name, icon },
        ...(app === here ? {} : { note: app }),
        go: () => void navigate({ to, params: { app }, search: {} }),
      }));
    const apps = data?.apps ?? [];
    return [
      ...(here === undefined ? [] : ofApp(here, here)),
      ...apps.map(
        ({ name }): Entry => ({
          ...{ group: "Apps", name, icon: "rocket" },
          go: () => void navigate({ to: "/apps/$app/deployments", params: { app: name }, search: {} }),
        }),
      ),
      ...platformSections.map(
        ({ name, to, icon }): Entry => ({ group: "Platform", name, icon, go: () => void navigate({ to }) }),
      ),
      ...(["light", "dark", "system"] as Theme[]).map(
        (theme): Entry => ({
          ...{
            group: "Actions",
            name: `Theme: ${theme}`,
            icon: theme === "dark" ? "moon" : theme === "light" ? "sun" : "monitor",
          },
          go: () => {
            setTheme(theme);
            onClose();
          },
        }),
      ),
      ...apps.filter(({ name }) => name !== here).flatMap(({ name }) => ofApp(name, "Sections")),
    ];
  }, [data, here, navigate, onClose]);
}

/** Every word has to stand in the name or beside it; names that begin with it come first. */
function matching(entries: Entry[], text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries.filter(({ group }) => group !== "Sections");
  const hits = entries.filter(({ name, note = "" }) => {
    const all = `${name} ${note}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const begins = ({ name }: Entry) => Number(!name.toLowerCase().startsWith(words[0]!));
  return hits.sort((a, b) => begins(a) - begins(b));
}
