import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { ask } from "../ask.ts";
import { ContactFields, contactOf } from "../parts/contact-fields.tsx";
import { Badge, Empty, Failure, Loading } from "../parts/states.tsx";

interface Row {
  id: string;
  name: string;
  phone: string;
  timeZone: string;
  language: string;
  consent: string;
  reminders: number;
}

export default function Contacts() {
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<"add" | "import" | null>(null);
  const contacts = useQuery({
    queryKey: ["contacts", search],
    queryFn: () => ask<{ contacts: Row[] }>(`/contacts?search=${encodeURIComponent(search)}`),
    placeholderData: (before) => before,
  });
  const rows = contacts.data?.contacts ?? [];
  return (
    <>
      <div className="heading">
        <h1>People</h1>
        <div className="row">
          <input
            type="search"
            placeholder="Name or number"
            aria-label="Search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <button
            type="button"
            className="quiet"
            onClick={() => setOpen(open === "import" ? null : "import")}
          >
            Import CSV
          </button>
          <button type="button" onClick={() => setOpen(open === "add" ? null : "add")}>
            Add a person
          </button>
        </div>
      </div>
      {open === "add" && <Add />}
      {open === "import" && <Import />}
      {contacts.isPending && <Loading />}
      <Failure error={contacts.error} />
      {contacts.data && rows.length === 0 && (
        <Empty title={search ? "Nobody is called that" : "Nobody is here yet"}>
          {search
            ? "Try a part of the name or of the number."
            : "Add a person, or import many from a CSV file with the columns name, phone and time zone."}
        </Empty>
      )}
      {rows.length > 0 && (
        <ul className="rows">
          {rows.map((one) => (
            <li key={one.id}>
              <span className="grow">
                <Link href={`/contacts/${one.id}`}>{one.name}</Link>
                <small>
                  {one.phone} · {one.timeZone} · {one.language}
                </small>
              </span>
              <span>{one.reminders} reminders</span>
              <Badge of={one.consent}>{one.consent === "given" ? "agreed" : one.consent}</Badge>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Add() {
  const [, go] = useLocation();
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: (form: FormData) => ask<{ id: string }>("/contacts", "POST", contactOf(form)),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ["contacts"] });
      go(`/contacts/${id}`);
    },
  });
  return (
    <form
      className="panel column"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate(new FormData(event.currentTarget));
      }}
    >
      <h2>A new person</h2>
      <ContactFields />
      <Failure error={add.error} />
      <button type="submit" disabled={add.isPending}>
        Add
      </button>
    </form>
  );
}

interface Preview {
  rows: { line: number; contact: Row }[];
  count: number;
  added: number;
  faults?: { line: number; column: string; message: string }[];
}

function Import() {
  const queries = useQueryClient();
  const [csv, setCsv] = useState("");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const read = useMutation({
    mutationFn: (text: string) =>
      ask<Preview>("/contacts/import", "POST", { csv: text, timeZone: zone, preview: true }),
  });
  const write = useMutation({
    mutationFn: () =>
      ask<{ added: number; known: number }>("/contacts/import", "POST", {
        csv,
        timeZone: zone,
        preview: false,
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["contacts"] }),
  });
  const preview = read.data;
  return (
    <section className="panel column">
      <h2>Import people</h2>
      <label>
        CSV file with the columns name, phone, and if you like time zone, language, quiet from, quiet until
        <input
          type="file"
          accept=".csv,text/csv"
          onChange={async (event) => {
            const text = (await event.target.files?.[0]?.text()) ?? "";
            setCsv(text);
            write.reset();
            read.mutate(text);
          }}
        />
      </label>
      <Failure error={read.error ?? write.error} />
      {preview?.faults && preview.faults.length > 0 && (
        <div className="failure" role="alert">
          <strong>Nothing can be imported until these rows are right</strong>
          <ul>
            {preview.faults.map(({ line, column, message }) => (
              <li key={`${line}${column}${message}`}>
                line {line}, {column}: {message}
              </li>
            ))}
          </ul>
        </div>
      )}
      {preview && preview.faults?.length === 0 && !write.data && (
        <>
          <p>
            {preview.count} people, the first of them:{" "}
            {preview.rows
              .slice(0, 3)
              .map(({ contact }) => `${contact.name} ${contact.phone}`)
              .join(", ")}
          </p>
          <button type="button" disabled={write.isPending} onClick={() => write.mutate()}>
            Import {preview.count}
          </button>
        </>
      )}
      {write.data && (
        <p role="status">
          {write.data.added} were added, {write.data.known} were known already.
        </p>
      )}
    </section>
  );
}
