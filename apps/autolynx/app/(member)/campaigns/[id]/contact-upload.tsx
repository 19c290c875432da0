"use client";
import { useState } from "react";
import { ask } from "../../../parts/ask.ts";
import { Failure } from "../../../parts/failure.tsx";

interface Preview {
  rows: number;
  valid: number;
  faultCount: number;
  duplicates: number;
  columns: string[];
  rowFaults: { line: number; column: string; value: string; message: string }[];
  zones: { timeZone: string; count: number }[];
  contacts: { line: number; phone: string; name: string; timeZone: string }[];
}

const largestFileBytes = 10 * 1024 * 1024;

/** A file is read and shown first; only then is anything stored. */
export function ContactUpload({ id, hasContacts }: { id: string; hasContacts: boolean }) {
  const [file, setFile] = useState<File>();
  const [preview, setPreview] = useState<Preview>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(false);

  const look = async (chosen: File | undefined) => {
    if (!chosen) return;
    setFile(chosen);
    setPreview(undefined);
    setError(undefined);
    if (chosen.size > largestFileBytes) {
      setError(
        `${chosen.name} has ${chosen.size.toLocaleString("en")} bytes; 10,485,760 (10 MB) are the most. Divide it`,
      );
      return;
    }
    setBusy(true);
    try {
      setPreview(await ask<Preview>("POST", `/campaigns/${id}/contacts?preview=1`, await packed(chosen)));
    } catch (refusal) {
      setError(refusal);
    }
    setBusy(false);
  };
  const store = async () => {
    if (!file || !preview) return;
    setBusy(true);
    setError(undefined);
    try {
      const skip = preview.faultCount > 0 ? "?skip_invalid=1" : "";
      await ask("POST", `/campaigns/${id}/contacts${skip}`, await packed(file));
      location.reload();
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  return (
    <section className="panel" aria-labelledby="contacts">
      <h2 id="contacts">{hasContacts ? "Add more contacts" : "Contacts"}</h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the input within does the same by keyboard */}
      <div
        className={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void look(event.dataTransfer.files[0]);
        }}
      >
        <label>
          CSV file with a column “phone”; “name” and “time zone” are understood, others go to the assistant
          <input
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            onChange={(event) => void look(event.currentTarget.files?.[0])}
          />
        </label>
        <small>
          Drop it here or choose it. 10 MB and 10,000 contacts at most. Nothing is stored before you have seen
          it.
        </small>
      </div>
      {busy && !preview && <small role="status">Reading {file?.name} …</small>}
      <Failure error={error} />
      {preview && (
        <>
          <dl className="figures">
            <div>
              <dt>Rows</dt>
              <dd>{preview.rows.toLocaleString("en")}</dd>
            </div>
            <div>
              <dt>Can be called</dt>
              <dd className="good">{preview.valid.toLocaleString("en")}</dd>
            </div>
            <div>
              <dt>Cannot</dt>
              <dd className={preview.faultCount > 0 ? "bad" : ""}>
                {preview.faultCount.toLocaleString("en")}
              </dd>
            </div>
            <div>
              <dt>Time zones</dt>
              <dd>{preview.zones.length}</dd>
            </div>
          </dl>
          {preview.rowFaults.length > 0 && (
            <details open={preview.rowFaults.length < 20}>
              <summary>Rows that cannot be called</summary>
              <div className="scroll">
                <table>
                  <thead>
                    <tr>
                      <th className="number">Line</th>
                      <th>Column</th>
                      <th>Value</th>
                      <th>What is wrong</th>
                    </tr>
                  </thead>
                  <tbody>
                    {preview.rowFaults.slice(0, 200).map((fault) => (
                      <tr key={`${fault.line} ${fault.column}`}>
                        <td className="number">{fault.line}</td>
                        <td>{fault.column}</td>
                        <td>
                          <code>{fault.value || "empty"}</code>
                        </td>
                        <td>{fault.message}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </details>
          )}
          <details>
            <summary>The first that can be called</summary>
            <div className="scroll">
              <table>
                <tbody>
                  {preview.contacts.map((contact) => (
                    <tr key={contact.phone}>
                      <td>{contact.phone}</td>
                      <td>{contact.name}</td>
                      <td>
                        <small>{contact.timeZone}</small>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
          <div className="row">
            <button type="button" disabled={busy || preview.valid === 0} onClick={store}>
              {preview.faultCount > 0
                ? `Store ${preview.valid.toLocaleString("en")}, leave ${preview.faultCount.toLocaleString("en")} out`
                : `Store ${preview.valid.toLocaleString("en")} contacts`}
            </button>
            <small>
              {preview.columns.length} columns: {preview.columns.join(", ")}
            </small>
          </div>
        </>
      )}
    </section>
  );
}

/** Compressed: hosts bound how large a request may be. */
async function packed(file: File): Promise<Blob> {
  const stream = file.stream().pipeThrough(new CompressionStream("gzip"));
  return new Blob([await new Response(stream).arrayBuffer()], { type: "application/gzip" });
}
