import { expect, test } from "bun:test";
import type { SignalSecond } from "@evenkeel/model";
import { readRunbook } from "../language/read-runbook.ts";
import { signalsOfSecond, type WatchedSecond } from "../testing/watched-seconds.ts";
import { type Decision, type EngineState, evaluate, initialState } from "./evaluate.ts";
import { SignalHistory } from "./signal-history.ts";
import type { Target } from "./signal-reader.ts";

const startS = 1_800_000_000;

/** A platform in which a second takes none: signals in, decisions out. */
class Watched {
  readonly clauses;
  readonly history: SignalHistory;
  state: EngineState = initialState();
  nowS = startS;
  target: Target = { deployment: "new", sinceS: startS };
  readonly decisions: Decision[] = [];

  constructor(value: unknown) {
    this.clauses = readRunbook({ file: "runbook.ts", value }).clauses;
    this.history = new SignalHistory(this.clauses);
  }

  second(given: WatchedSecond): void {
    this.nowS++;
    if (!given.missing)
      this.history.add(signalsOfSecond(this.nowS, { deployment: this.target.deployment, ...given }));
    const { decisions, state } = evaluate(
      ...([this.clauses, this.history, this.nowS, this.state, this.target, "production"] as const),
    );
    this.state = JSON.parse(JSON.stringify(state));
    this.decisions.push(...decisions);
  }

  seconds(count: number, given: WatchedSecond): this {
    for (let each = 0; each < count; each++) this.second(given);
    return this;
  }

  stateOf(id: string): string | undefined {
    return this.state.clauses[id]?.state;
  }

  get actions(): string[] {
    return this.decisions.map(
      ({ action, atS, clause }) => `${atS - startS} ${action} ${clause.split(".").at(-1)}`,
    );
  }
}

const triggers = {
  rollbackTriggers: {
    error_rate: { threshold: "5%", window: "5 minutes", action: "immediate_rollback" },
    response_time: { threshold: "p95 > 5 seconds", window: "10 minutes", action: "staged_rollback" },
  },
};

test("a release that only fails is rolled back as soon as its window cannot be saved any more", () => {
  const watched = new Watched(triggers).seconds(60, { requests: 100, errors: 100 });
  // 5 % of 300 seconds are 15.
  expect(watched.actions).toEqual(["16 immediate_rollback error_rate"]);
});

test("one per cent of errors and a stall of ten seconds are noise, also just after the release", () => {
  const watched = new Watched(triggers)
    .seconds(5, { requests: 100, errors: 1 })
    .seconds(10, { requests: 100, slow: 100 })
    .seconds(600, { requests: 100, errors: 1 });
  expect(watched.actions).toEqual([]);
  expect(watched.stateOf("rollbackTriggers.error_rate")).toBe("ok");
});

test("no traffic and no signal are unknown, not health", () => {
  const watched = new Watched(triggers).seconds(30, { requests: 0 });
  expect(watched.stateOf("rollbackTriggers.error_rate")).toBe("unknown");
  watched.seconds(3, { requests: 5, errors: 5 });
  expect(watched.stateOf("rollbackTriggers.error_rate")).toBe("unknown");
  const deaf = new Watched(triggers).seconds(400, { requests: 100 }).seconds(299, { missing: true });
  expect(deaf.stateOf("rollbackTriggers.error_rate")).toBe("unknown");
  expect(deaf.actions).toEqual([]);
});

test("signals that are missing for half of the window do not hide a breach that is certain", () => {
  const watched = new Watched(triggers);
  for (let each = 0; each < 60; each++)
    watched.second(each % 2 === 0 ? { missing: true } : { requests: 100, errors: 100 });
  expect(watched.actions).toHaveLength(1);
});

test("two breaches at once are one rollback, the stronger one, with both in its evidence", () => {
  const watched = new Watched({
    rollbackTriggers: {
      slow: { trigger: "p95 > 5s for 20 seconds", action: "staged_rollback" },
      failing: { trigger: "error_rate > 5% for 20 seconds", action: "immediate_rollback" },
    },
  }).seconds(40, { requests: 100, errors: 100, slow: 100 });
  expect(watched.decisions).toHaveLength(1);
  expect(watched.decisions[0]).toMatchObject({
    ...{ action: "immediate_rollback", clause: "rollbackTriggers.failing" },
    alsoBroken: ["rollbackTriggers.slow"],
  });
});

test("what comes after a rollback is not rolled back while it cools down, and is if it is still broken then", () => {
  const watched = new Watched({
    rollbackTriggers: {
      error_rate: {
        threshold: "5%",
        window: "20 seconds",
        action: "immediate_rollback",
        cooldown: "1 minute",
      },
    },
  }).seconds(10, { requests: 100, errors: 100 });
  expect(watched.actions).toEqual(["2 immediate_rollback error_rate"]);
  watched.target = { deployment: "old", sinceS: watched.nowS, broughtBack: true };
  watched.seconds(100, { requests: 100, errors: 100 });
  expect(watched.actions).toEqual(["2 immediate_rollback error_rate", "62 immediate_rollback error_rate"]);
});

test("what somebody deploys while a rollback cools down is watched as any release", () => {
  const watched = new Watched({
    rollbackTriggers: {
      error_rate: { threshold: "5%", window: "20 seconds", action: "immediate_rollback" },
    },
  }).seconds(10, { requests: 100, errors: 100 });
  watched.target = { deployment: "fixed", sinceS: watched.nowS };
  watched.seconds(10, { requests: 100, errors: 100 });
  expect(watched.actions).toEqual(["2 immediate_rollback error_rate", "12 immediate_rollback error_rate"]);
});

test("what goes back in stages is taken back at once where it gets worse, and once", () => {
  const watched = new Watched({
    rollbackTriggers: {
      slow: { trigger: "p95 > 5s for 20 seconds", action: "staged_rollback" },
      failing: { trigger: "error_rate > 5% for 20 seconds", action: "immediate_rollback" },
    },
  })
    .seconds(10, { requests: 100, slow: 100 })
    .seconds(30, { requests: 100, slow: 100, errors: 100 });
  expect(watched.actions).toEqual(["2 staged_rollback slow", "12 immediate_rollback failing"]);
});

test("what goes back in stages is not taken back in stages again; a breach that waited has to be one when it acts", () => {
  const staged = new Watched({
    rollbackTriggers: {
      slow: { trigger: "p95 > 5s for 5 seconds", action: "staged_rollback", cooldown: "10 seconds" },
    },
  });
  for (let each = 0; each < 4; each++)
    staged.seconds(10, { requests: 100, slow: 100 }).seconds(20, { requests: 100 });
  expect(staged.actions).toEqual(["1 staged_rollback slow"]);
  const waiting = new Watched({
    rollbackTriggers: {
      failing: {
        trigger: "error_rate > 5% for 5 seconds",
        action: "immediate_rollback",
        cooldown: "30 seconds",
      },
    },
  }).seconds(2, { requests: 100, errors: 100 });
  waiting.target = { deployment: "old", sinceS: waiting.nowS, broughtBack: true };
  waiting.seconds(10, { requests: 1_000, errors: 60 }).seconds(40, { requests: 1_000, errors: 48 });
  expect(waiting.actions).toEqual(["1 immediate_rollback failing"]);
});

test("a value that trembles around its threshold is one breach", () => {
  const watched = new Watched({
    performanceTargets: { error_rate: { target: "< 5%", window: "1 second" } },
  });
  for (let each = 0; each < 200; each++)
    watched.second({ requests: 1_000, errors: each % 2 === 0 ? 52 : 47 });
  expect(watched.actions).toHaveLength(1);
  watched.seconds(20, { requests: 1_000, errors: 10 });
  expect(watched.stateOf("performanceTargets.error_rate")).toBe("ok");
});

test("health checks that fail in a row are counted, one that passes begins anew", () => {
  const watched = new Watched({
    rollbackTriggers: {
      health: { trigger: "health_check_fails_3_consecutive", action: "immediate_rollback" },
    },
  });
  for (const health of [1, 0, 0, 1, 0, 0] as const) watched.seconds(9, {}).second({ health });
  expect(watched.actions).toEqual([]);
  watched.seconds(9, {}).second({ health: 0 });
  expect(watched.actions).toEqual(["70 immediate_rollback health"]);
});

test("a clause that cannot be evaluated is a breach of the runbook, and rolls nothing back", () => {
  const watched = new Watched(triggers);
  const broken = {
    ...watched.history,
    read: () => {
      throw new Error("no series");
    },
  };
  const { findings, decisions } = evaluate(
    ...([watched.clauses, broken, startS, initialState(), watched.target, "production"] as const),
  );
  expect(findings.map(({ state, message }) => [state, message])).toEqual([
    ["error", "no series"],
    ["error", "no series"],
  ]);
  expect(decisions.map(({ action }) => action)).toEqual(["record", "record"]);
});

test("a clock that is set back brings nothing twice", () => {
  const watched = new Watched(triggers).seconds(12, { requests: 100, errors: 100 });
  watched.nowS -= 10;
  watched.seconds(10, { requests: 100, errors: 100 });
  expect(watched.actions).toEqual([]);
  watched.seconds(10, { requests: 100, errors: 100 });
  expect(watched.actions).toHaveLength(1);
});

test("a clock that leaps ahead leaves a gap that is unknown, and is no breach", () => {
  const watched = new Watched(triggers).seconds(100, { requests: 100, errors: 4 });
  expect(watched.stateOf("rollbackTriggers.error_rate")).toBe("ok");
  watched.nowS += 7_200;
  watched.second({ missing: true });
  expect(watched.stateOf("rollbackTriggers.error_rate")).toBe("unknown");
  watched.seconds(15, { requests: 100, errors: 100 });
  expect(watched.actions).toEqual([]);
  watched.second({ requests: 100, errors: 100 });
  expect(watched.decisions.map(({ action }) => action)).toEqual(["immediate_rollback"]);
});

test("levels wait for their window, and are told by severity", () => {
  const watched = new Watched({
    scalingThresholds: { databaseConnections: { warning: 80, critical: 95, window: "10 seconds" } },
  });
  const level = (connections: number): SignalSecond => ({
    ...{ atMs: (watched.nowS + 1) * 1_000, live: ["keeper"] },
    samples: [
      {
        ...{ app: "shop", environment: "production", detail: "main" },
        gauges: { database_connections: connections, database_connection_limit: 100 },
      },
    ],
  });
  const say = (count: number, connections: number) => {
    for (let each = 0; each < count; each++) {
      watched.history.add(level(connections));
      watched.second({ missing: true });
    }
  };
  say(7, 85);
  expect(watched.actions).toEqual([]);
  say(5, 85);
  expect(watched.decisions.map(({ severity }) => severity)).toEqual(["warning"]);
  say(20, 97);
  expect(watched.decisions.map(({ severity }) => severity)).toEqual(["warning", "critical"]);
});

test("a level that is looked at every five seconds holds in between, and that of the worst instance counts", () => {
  const watched = new Watched({
    rollbackTriggers: { leak: { trigger: "memory > 200MB for 10 seconds", action: "immediate_rollback" } },
  });
  const instances = (...megabytes: number[]): SignalSecond => ({
    ...{ atMs: (watched.nowS + 1) * 1_000, live: ["host"] },
    samples: megabytes.map((each, index) => ({
      ...{ app: "shop", environment: "production" as const, deployment: "new", detail: String(index) },
      gauges: { instance_memory: each * 1024 ** 2 },
    })),
  });
  const look = (...megabytes: number[]) => {
    watched.history.add(instances(...megabytes));
    watched.seconds(5, { missing: true });
  };
  look(150, 150);
  look(150, 150);
  expect(watched.stateOf("rollbackTriggers.leak")).toBe("ok");
  look(240, 20);
  expect(watched.actions).toEqual([]);
  look(270, 20);
  expect(watched.actions).toEqual(["16 immediate_rollback leak"]);
  watched.seconds(20, { missing: true });
  expect(watched.stateOf("rollbackTriggers.leak")).toBe("unknown");
});

test("what is too small grows by steps while it is, and goes back by steps when it has not been for as long", () => {
  const watched = new Watched({
    scalingThresholds: {
      web: {
        trigger: "error_rate > 10% for 10 seconds",
        ...{ action: "more instances", limit: "40 instances", cooldown: "1 minute" },
      },
    },
  });
  const steps = () =>
    watched.decisions.map(({ action, atS, scale }) => `${atS - startS} ${action} ${scale?.direction}`);
  watched.seconds(130, { requests: 100, errors: 100 });
  expect(watched.decisions[0]!.scale).toEqual({ resource: "instances", most: 40, direction: "up" });
  expect(steps()).toEqual(["2 scale up", "62 scale up", "122 scale up"]);
  // Another release does not make it smaller, and a silence says nothing.
  watched.target = { deployment: "next", sinceS: watched.nowS };
  watched.seconds(100, { missing: true });
  expect(steps()).toHaveLength(3);
  watched.seconds(300, { requests: 100 });
  expect(steps().slice(3)).toEqual(["295 scale down", "355 scale down", "415 scale down"]);
  watched.seconds(300, { requests: 100 });
  expect(steps()).toHaveLength(6);
});

test("a person's date that has passed is told once", () => {
  const watched = new Watched({
    limits: { rotation: "8" },
    byHand: { limits: { owner: "lead", due: new Date(startS * 1_000).toISOString().slice(0, 10) } },
  }).seconds(5, {});
  expect(watched.actions).toEqual([]);
  watched.nowS += 86_400;
  watched.seconds(5, {});
  expect(watched.actions).toEqual([expect.stringContaining("record rotation")]);
});
