import { Refusal } from "./ask.ts";

/** What went wrong, with every value that is not right. */
export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  const faults =
    error instanceof Refusal
      ? (error.details["faults"] as { path: string; message: string }[] | undefined)
      : undefined;
  return (
    <div className="failure" role="alert">
      {error instanceof Error ? error.message : String(error)}
      {faults && faults.length > 0 && (
        <ul>
          {faults.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path}: {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
