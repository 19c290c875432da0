import type { HeaderPairs } from "../http/exchange.ts";
import { headerLines } from "../http/head-writer.ts";
import type { DeploymentMeasure } from "../measure/deployment-measure.ts";
import type { Measures } from "../measure/measures.ts";
import type { Site } from "../state/serving-table.ts";
import { TraceSampler } from "../trace/trace-sampler.ts";

/** A site with what each of its requests needs, kept as long as its alias stays. */
export class ServedSite {
  readonly measure: DeploymentMeasure;
  readonly sampler = new TraceSampler();
  /** Of unsampled requests that turn out to be worth a trace. */
  readonly notable = new TraceSampler();
  /** From search engines. */
  readonly isHidden: boolean;
  /** On every answer. */
  readonly ownHeaders: HeaderPairs;
  /** The same as they are sent. */
  readonly ownLines: string;

  constructor(
    readonly site: Site,
    measures: Measures,
  ) {
    const { deployment, previous } = site;
    this.measure = measures.of(deployment);
    const headers: [string, string][] = [
      ["server", "Evenkeel"],
      ["x-evenkeel-deployment", deployment.id],
    ];
    // As on Vercel: search engines shall know an app by its production name alone.
    this.isHidden = previous === undefined || deployment.environment === "preview";
    if (this.isHidden) headers.push(["x-robots-tag", "noindex"]);
    this.ownHeaders = headers;
    this.ownLines = headerLines(headers);
  }

  get deployment() {
    return this.site.deployment;
  }
}

/** The `ServedSite` of each `Site`. */
export class ServedSites {
  private readonly sites = new WeakMap<Site, ServedSite>();

  constructor(private readonly measures: Measures) {}

  of(site: Site): ServedSite {
    let served = this.sites.get(site);
    if (!served) {
      served = new ServedSite(site, this.measures);
      this.sites.set(site, served);
    }
    return served;
  }
}
