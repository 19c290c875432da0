import Link from "next/link";

export default function NotFound() {
  return (
    <main id="main">
      <div className="empty">
        <h1>There is nothing here</h1>
        <Link href="/">To the campaigns</Link>
      </div>
    </main>
  );
}
