// A turn's ledger as something one can draw: bars with a beginning, an end and a kind. Pure.

/** @typedef {import("../protocol.js").Ledger} Ledger */
/** @typedef {import("../protocol.js").StageName} StageName */
/** @typedef {"listen" | "words" | "think" | "voice" | "decide" | "line"} Kind */

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {string} about what happens in that time
 * @property {Kind} kind
 * @property {number} from ms from the end of the person's speech
 * @property {number} to ms, at least `from`
 */

/**
 * A row of the waterfall: from the latest of some stages to one stage.
 * @type {{ label: string, about: string, kind: Kind, from: StageName[], to: StageName }[]}
 */
const ROWS = [
  { label: "Silence", about: "Noticing that you stopped", kind: "listen",
    from: [], to: "silence_seen" },
  { label: "Words", about: "Knowing your last words", kind: "words",
    from: [], to: "transcript" },
  { label: "First token", about: "Reading and beginning to think", kind: "think",
    from: ["llm_start"], to: "llm_first_token" },
  { label: "First clause", about: "Enough words to start speaking", kind: "think",
    from: ["llm_first_token"], to: "first_clause" },
  { label: "Voice", about: "Making the first sound of them", kind: "voice",
    from: ["first_clause"], to: "tts_first_audio" },
  { label: "Turn end", about: "Being sure that you are done", kind: "decide",
    from: ["silence_seen"], to: "released" },
  { label: "Sending", about: "Waiting for the next packet", kind: "line",
    from: ["released", "tts_first_audio"], to: "first_sent" },
  { label: "Playing", about: "Network and your browser's buffer", kind: "line",
    from: ["first_sent"], to: "first_played" },
];

/**
 * Voice-to-voice delay of a turn in ms; null while nothing of the answer was played.
 * @param {Ledger} ledger
 * @returns {number | null}
 */
export function total(ledger) {
  return ledger.stages.first_played ?? null;
}

/**
 * The rows of one turn that are known by now.
 * @param {Ledger} ledger
 * @returns {Bar[]}
 */
export function bars(ledger) {
  const { stages } = ledger;
  return ROWS.flatMap(({ label, about, kind, from, to }) => {
    const end = stages[to];
    if (end === undefined) return [];
    const starts = from.flatMap((name) => stages[name] ?? []);
    // A stage without a known start began, for the person, when they fell silent.
    const start = starts.length > 0 ? Math.max(...starts) : Math.min(0, end);
    return [{ label, about, kind, from: Math.min(start, end), to: end }];
  });
}

/**
 * What the person waited for: the time from the end of speech to the first sound, cut into the
 * parts by which each stage moved the end. Parts that were hidden behind others do not appear.
 * @param {Ledger} ledger
 * @returns {Bar[]}
 */
export function waits(ledger) {
  const known = bars(ledger).sort((a, b) => a.to - b.to);
  let at = 0;
  return known.flatMap((bar) => {
    if (bar.to <= at) return [];
    const part = { ...bar, from: at };
    at = bar.to;
    return [part];
  });
}

/**
 * The span of time a waterfall shows, with room on both sides, on round figures.
 * @param {Bar[]} shown
 * @returns {{ from: number, to: number, step: number }} ms; `step` between two grid lines
 */
export function axis(shown) {
  const last = Math.max(200, ...shown.map((bar) => bar.to));
  // What was ready long before the end of speech must not press the rest into a corner.
  const first = Math.max(-last / 2, Math.min(0, ...shown.map((bar) => bar.from)));
  const steps = [50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000];
  const step = steps.find((s) => (last - first) / s <= 6) ?? 20_000;
  return { from: Math.floor(first / step) * step || 0, to: Math.ceil(last / step) * step, step };
}

/**
 * Median of the delays so far, as a person would state it.
 * @param {Ledger[]} ledgers
 * @returns {number | null}
 */
export function median(ledgers) {
  const totals = ledgers.flatMap((l) => total(l) ?? []).sort((a, b) => a - b);
  if (totals.length === 0) return null;
  const middle = totals.length >> 1;
  return totals.length % 2 ? totals[middle] : (totals[middle - 1] + totals[middle]) / 2;
}

/**
 * A bar's figure: how long it took, or that nobody waited for it.
 * @param {Bar} bar
 * @returns {string}
 */
export function duration(bar) {
  return bar.to <= 0 ? "ahead" : formatMs(bar.to - bar.from);
}

/** @param {number} ms @returns {string} */
export function formatMs(ms) {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}
