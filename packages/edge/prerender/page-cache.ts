import type { DeploymentId, ServedDeployment } from "@evenkeel/model";
import type { AnswerCache } from "../cache/answer-cache.ts";
import { dataScope, pageScope } from "../cache/cache-scope.ts";
import { type AnswerContent, CachedAnswer } from "../cache/cached-answer.ts";
import type { EntryStore, StoredEntry } from "../cache/entry-store.ts";
import type { TagLedger, TagMark } from "../cache/tag-ledger.ts";
import type { PageIdentity } from "./page-identity.ts";

export type Freshness = "fresh" | "stale" | "expired";

/** `meta` of a page on disk. */
interface StoredPage {
  status: number;
  headers: [name: string, value: string][];
  /** The first bytes are Next.js's postponed state. */
  postponedBytes?: number;
}

/** How often a stale page is looked for on disk, where another edge may have put a newer one. */
const lookAgainMs = 100;

/** Rendered pages of all deployments: in this process's memory, behind it on disk for all edges of the machine. */
export class PageCache {
  constructor(
    private readonly answers: AnswerCache,
    private readonly entries: EntryStore,
    private readonly tags: TagLedger,
  ) {}

  /** The page as this process knows it, else as any edge has rendered it; however old it may be. */
  find(deployment: ServedDeployment, page: PageIdentity): CachedAnswer | undefined {
    const key = memoryKey(deployment.id, page);
    const known = this.answers.get(key);
    return known ?? this.adopt(deployment, page, undefined);
  }

  /** A newer state of the page than `known` that another edge may have put on disk. */
  adopt(
    deployment: ServedDeployment,
    page: PageIdentity,
    known: CachedAnswer | undefined,
  ): CachedAnswer | undefined {
    const scope = pageScope(deployment.id);
    if (known && (this.entries.createdMs(scope, page.key) ?? 0) <= known.content.createdMs) return undefined;
    const entry = this.entries.get(scope, page.key);
    if (!entry) return undefined;
    const answer = new CachedAnswer(contentOf(entry));
    this.answers.set(memoryKey(deployment.id, page), answer);
    return answer;
  }

  /** Puts a page into this process's memory only: what a build made need not be on disk twice. */
  remember(deployment: ServedDeployment, page: PageIdentity, answer: CachedAnswer): void {
    this.answers.set(memoryKey(deployment.id, page), answer);
  }

  /** Keeps a page that was rendered. */
  store(deployment: ServedDeployment, page: PageIdentity, content: AnswerContent): CachedAnswer {
    const answer = new CachedAnswer(content);
    this.answers.set(memoryKey(deployment.id, page), answer);
    this.entries.put(pageScope(deployment.id), page.key, entryOf(content));
    return answer;
  }

  freshness(
    deployment: ServedDeployment,
    page: PageIdentity,
    answer: CachedAnswer,
    nowMs: number,
  ): Freshness {
    this.tags.refresh();
    if (answer.judgedVersion !== this.tags.version) this.judge(deployment, page, answer);
    if (nowMs >= answer.expiresByTagMs || nowMs >= answer.content.expiresMs) return "expired";
    return answer.staleByTag || nowMs >= answer.content.staleMs ? "stale" : "fresh";
  }

  /**
   * Whether this process is to make a stale page anew now; if so, it must `finishRevalidation`. Of all edges one does, and after a failure
   * none for a while.
   */
  beginRevalidation(
    deployment: ServedDeployment,
    page: PageIdentity,
    answer: CachedAnswer,
    limitMs: number,
  ): boolean {
    const nowMs = Date.now();
    if (nowMs < answer.nextAttemptMs) return false;
    answer.nextAttemptMs = nowMs + lookAgainMs;
    return this.entries.claim(claimKey(deployment.id, page), limitMs);
  }

  finishRevalidation(deployment: ServedDeployment, page: PageIdentity, againAfterMs = 0): void {
    this.entries.release(claimKey(deployment.id, page), againAfterMs);
  }

  /**
   * After a page was made anew by its own age or on demand: the other pages of its group are stale from then on. Not when the group itself
   * was the reason, or two pages would make each other stale for ever.
   */
  spreadToGroup(
    deployment: ServedDeployment,
    page: PageIdentity,
    before: CachedAnswer | undefined,
    createdMs: number,
  ): void {
    const { groupTag } = page;
    if (groupTag === undefined) return;
    const scope = pageScope(deployment.id);
    if (before && this.tags.judge(scope, [groupTag], before.content.createdMs).stale) return;
    this.mark(scope, groupTag, { staleMs: createdMs - 1 }, "crash");
  }

  /** After a page was made anew on demand: what other edges hold of it is too old. */
  expireElsewhere(deployment: ServedDeployment, page: PageIdentity, createdMs: number): void {
    this.mark(pageScope(deployment.id), page.pageTag, { expiredMs: createdMs - 1 }, "power_loss");
  }

  /** Forgets all pages of a deployment that exists no more. */
  removeDeployment(deployment: DeploymentId): void {
    this.answers.deletePrefix(`${deployment}\n`);
    this.entries.removeScope(pageScope(deployment));
    this.tags.remove(pageScope(deployment));
  }

  private judge(deployment: ServedDeployment, page: PageIdentity, answer: CachedAnswer): void {
    const { createdMs, tags } = answer.content;
    const byApp = this.tags.judge(dataScope(deployment), tags, createdMs);
    const ownTags = page.groupTag === undefined ? [page.pageTag] : [page.pageTag, page.groupTag];
    const byPage = this.tags.judge(pageScope(deployment.id), ownTags, createdMs);
    answer.staleByTag = byApp.stale || byPage.stale;
    answer.expiresByTagMs = Math.min(byApp.expiresAtMs, byPage.expiresAtMs);
    answer.judgedVersion = this.tags.version;
  }

  private mark(scope: string, tag: string, mark: TagMark, survive: "power_loss" | "crash"): void {
    try {
      this.tags.mark(scope, [tag], mark, survive);
    } catch (error) {
      console.error(`edge: a page made anew could not be told to the other edges: ${error}`);
    }
  }
}

const memoryKey = (deployment: DeploymentId, page: PageIdentity): string => `${deployment}\n${page.key}`;
const claimKey = (deployment: DeploymentId, page: PageIdentity): string => `page ${deployment}\n${page.key}`;

function contentOf(entry: StoredEntry): AnswerContent {
  const { status, headers, postponedBytes = -1 } = JSON.parse(entry.meta) as StoredPage;
  const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.length);
  return {
    status,
    headers,
    body: postponedBytes === -1 ? bytes : bytes.subarray(postponedBytes),
    createdMs: entry.createdMs,
    staleMs: entry.staleMs ?? Number.POSITIVE_INFINITY,
    expiresMs: entry.expiresMs ?? Number.POSITIVE_INFINITY,
    tags: entry.tags,
    ...(postponedBytes !== -1 && { postponed: bytes.subarray(0, postponedBytes) }),
  };
}

function entryOf({ status, headers, body, postponed, ...content }: AnswerContent): StoredEntry {
  const page: StoredPage = {
    status,
    headers: headers.map(([name, value]) => [name, value]),
    ...(postponed && { postponedBytes: postponed.length }),
  };
  return {
    createdMs: content.createdMs,
    staleMs: Number.isFinite(content.staleMs) ? content.staleMs : null,
    expiresMs: Number.isFinite(content.expiresMs) ? content.expiresMs : null,
    tags: [...content.tags],
    meta: JSON.stringify(page),
    bytes: postponed ? Buffer.concat([postponed, body]) : body,
  };
}
