import { escaped } from "./markup.ts";
import type { StatusIncident, StatusModel } from "./status-model.ts";

/** RFC 4287. Pure. */
export function atomFeed({ title, url, asOfMs, incidents }: StatusModel): string {
  const newest = Math.max(0, ...incidents.map(({ updatedAtMs }) => updatedAtMs)) || asOfMs;
  const entries = incidents.map(
    (incident) => `  <entry>
    <id>${escaped(linkOf(url, incident))}</id>
    <title>${escaped(incident.title)}</title>
    <link href="${escaped(linkOf(url, incident))}"/>
    <published>${new Date(incident.openedAtMs).toISOString()}</published>
    <updated>${new Date(incident.updatedAtMs).toISOString()}</updated>
    <content type="text">${escaped(textOf(incident))}</content>
  </entry>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>${escaped(url)}/</id>
  <title>${escaped(title)} status</title>
  <link href="${escaped(url)}/"/>
  <link rel="self" href="${escaped(url)}/history.atom"/>
  <updated>${new Date(newest).toISOString()}</updated>
  <author><name>${escaped(title)}</name></author>
${entries.join("\n")}
</feed>
`;
}

/** https://www.rssboard.org/rss-specification. Pure. */
export function rssFeed({ title, url, incidents }: StatusModel): string {
  const items = incidents.map(
    (incident) => `    <item>
      <title>${escaped(incident.title)}</title>
      <link>${escaped(linkOf(url, incident))}</link>
      <guid>${escaped(linkOf(url, incident))}</guid>
      <pubDate>${new Date(incident.openedAtMs).toUTCString()}</pubDate>
      <description>${escaped(textOf(incident))}</description>
    </item>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0">
  <channel>
    <title>${escaped(title)} status</title>
    <link>${escaped(url)}/</link>
    <description>Incidents of ${escaped(title)}</description>
${items.join("\n")}
  </channel>
</rss>
`;
}

const linkOf = (url: string, { id }: StatusIncident): string => `${url}/incidents/${id}`;

const textOf = ({ updates }: StatusIncident): string =>
  updates.map(({ phase, text, atMs }) => `${new Date(atMs).toISOString()} ${phase}: ${text}`).join("\n\n");
