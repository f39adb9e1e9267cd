// Of the server's plan a browser follows the bitrate, and nothing else harms it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlanFollower, bitrateOf } from "../../../web/call/plan.js";

/** A sender that takes parameters only as it gave them out last, as browsers do. */
function sender({ refuses = false, encodings = 1 } = {}) {
  return {
    /** @type {any[]} */
    set: [],
    asked: 0,
    now: Array.from({ length: encodings }, () => ({ active: true })),
    getParameters() {
      this.asked += 1;
      return /** @type {any} */ ({ transactionId: this.asked, encodings: structuredClone(this.now) });
    },
    async setParameters(/** @type {any} */ parameters) {
      await new Promise((resolve) => setImmediate(resolve));
      if (refuses || parameters.transactionId !== this.asked) throw new Error("InvalidStateError");
      this.now = parameters.encodings;
      this.set.push(parameters.encodings[0].maxBitrate);
    },
  };
}

test("the bitrate of each plan is set, in their order and once", async () => {
  const own = sender();
  const plans = new PlanFollower(own);
  const all = [20_000, 12_000, 12_000, 32_000].map((bitrate) => plans.follow({ bitrate, red: [1] }));
  await Promise.all(all);
  assert.deepEqual(own.set, [20_000, 12_000, 32_000]);
  assert.deepEqual(own.now, [{ active: true, maxBitrate: 32_000 }]);
});

test("what is no plan changes nothing", async () => {
  const own = sender();
  const plans = new PlanFollower(own);
  for (const plan of [undefined, null, {}, "20000", { bitrate: "20000" }, { bitrate: 20_000.5 },
    { bitrate: 1 }, { bitrate: 1e9 }, { bitrate: NaN }]) {
    assert.equal(bitrateOf(plan), null);
    await plans.follow(plan);
  }
  assert.deepEqual(own.set, []);
});

test("a browser that refuses sends on, and is asked again by the next plan", async () => {
  const own = sender({ refuses: true });
  const plans = new PlanFollower(own);
  await plans.follow({ bitrate: 20_000 });
  await plans.follow({ bitrate: 24_000 });
  assert.equal(own.asked, 2);
  await new PlanFollower(sender({ encodings: 0 })).follow({ bitrate: 20_000 });
});
