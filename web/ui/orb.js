// The orb: shows whose turn it is by its colour and what is heard by its movement. Drawn on a
// canvas only while the page is visible; still, but for its size, if motion is not wanted.

import { loudness } from "../audio/level.js";
import { byId } from "./dom.js";

/** @typedef {import("../state.js").ViewModel} ViewModel */
/** @typedef {"idle" | "connecting" | "listening" | "hearing" | "thinking" | "speaking"
 *   | "muted" | "reconnecting" | "failed"} Mood */
/** @typedef {[number, number, number]} Rgb */

const POINTS = 72;
/** Layers from back to front: size, opacity, wobble, speed, which of the two colours. */
const LAYERS = [
  { size: 1.3, alpha: 0.16, wobble: 1.5, speed: 0.55, from: 1 },
  { size: 1.16, alpha: 0.26, wobble: 1.2, speed: -0.8, from: 0 },
  { size: 1.0, alpha: 1.0, wobble: 0.7, speed: 1.0, from: 0 },
];

/**
 * @param {ViewModel} view
 * @returns {Mood}
 */
export function moodOf(view) {
  if (view.phase === "connecting" || view.phase === "reconnecting") return view.phase;
  if (view.phase === "failed") return "failed";
  if (view.phase !== "live") return "idle";
  if (view.agent === "speaking") return "speaking";
  if (view.user === "speaking") return "hearing";
  if (view.agent === "thinking") return "thinking";
  return view.muted ? "muted" : "listening";
}

export class Orb {
  /** @param {() => { agent: number, user: number }} levels RMS */
  constructor(levels) {
    this.levels = levels;
    this.canvas = byId("orb", HTMLCanvasElement);
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    /** @type {Mood} */
    this.mood = "idle";
    this.level = 0;
    this.phase = 0;
    this.before = 0;
    /** The two colours now, and those they move to. @type {[Rgb, Rgb]} */
    this.colors = [
      [120, 140, 150],
      [120, 140, 150],
    ];
    /** @type {[Rgb, Rgb]} */
    this.target = this.colors;
    new ResizeObserver(() => this.#resize()).observe(this.canvas);
    requestAnimationFrame((at) => this.#frame(at));
  }

  /** @param {Mood} mood */
  show(mood) {
    this.mood = mood;
    this.canvas.dataset.mood = mood;
    this.refresh();
  }

  /** Read the colours again, after the theme or the mood changed. */
  refresh() {
    const style = getComputedStyle(this.canvas);
    this.target = [rgb(style.getPropertyValue("--orb-a")), rgb(style.getPropertyValue("--orb-b"))];
  }

  #resize() {
    const scale = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(this.canvas.clientWidth * scale);
    this.canvas.height = Math.round(this.canvas.clientHeight * scale);
    // A canvas that changes its size is blank until it is drawn again.
    this.#draw();
  }

  /** @param {number} at ms */
  #frame(at) {
    const dt = Math.min(0.1, (at - this.before) / 1000);
    this.before = at;
    const { agent, user } = this.levels();
    const heard = loudness(this.mood === "speaking" ? agent : user);
    const wanted = ["speaking", "hearing", "listening"].includes(this.mood) ? heard : 0;
    // Up at once, down slowly: as a meter does.
    this.level += (wanted - this.level) * Math.min(1, dt * (wanted > this.level ? 18 : 6));
    this.phase += dt * (this.mood === "thinking" ? 2.6 : 0.7 + 1.6 * this.level);
    const blend = Math.min(1, dt * 5);
    this.colors = [mix(this.colors[0], this.target[0], blend), mix(this.colors[1], this.target[1], blend)];
    this.#draw();
    requestAnimationFrame((next) => this.#frame(next));
  }

  #draw() {
    const { context, canvas } = this;
    const { width, height } = canvas;
    const still = this.still.matches;
    context.clearRect(0, 0, width, height);
    const breath = still ? 0 : Math.sin(this.phase * 1.6) * 0.018;
    const base = Math.min(width, height) * 0.29 * (1 + breath + this.level * 0.1);
    for (const layer of LAYERS) {
      const radius = base * (1 + (layer.size - 1) * (0.6 + 0.75 * this.level));
      const wobble = still ? 0 : (0.014 + 0.075 * this.level) * layer.wobble;
      this.#path(radius, wobble, still ? 0 : this.phase * layer.speed);
      const [a, b] = layer.from === 0 ? this.colors : [this.colors[1], this.colors[0]];
      const fill = context.createRadialGradient(
        width / 2 - radius * 0.35, height / 2 - radius * 0.4, radius * 0.1,
        width / 2, height / 2, radius * 1.15,
      );
      fill.addColorStop(0, css(mix(a, [255, 255, 255], 0.38), layer.alpha));
      fill.addColorStop(0.45, css(a, layer.alpha));
      fill.addColorStop(1, css(b, layer.alpha));
      context.fillStyle = fill;
      context.fill();
    }
    if (this.mood === "thinking" || this.mood === "connecting" || this.mood === "reconnecting") {
      this.#comet(base * 1.34, still ? -0.8 : this.phase * 1.4);
    }
  }

  /**
   * @param {number} radius px
   * @param {number} wobble fraction of the radius
   * @param {number} phase
   */
  #path(radius, wobble, phase) {
    const { context, canvas } = this;
    context.beginPath();
    for (let i = 0; i <= POINTS; i += 1) {
      const angle = (i / POINTS) * 2 * Math.PI;
      const wave =
        Math.sin(2 * angle + phase) * 0.45 +
        Math.sin(3 * angle - phase * 1.3) * 0.35 +
        Math.sin(5 * angle + phase * 2.1) * 0.2;
      const r = radius * (1 + wobble * wave);
      context.lineTo(canvas.width / 2 + r * Math.cos(angle), canvas.height / 2 + r * Math.sin(angle));
    }
    context.closePath();
  }

  /**
   * Something is under way: a light that runs around the orb.
   * @param {number} radius px
   * @param {number} angle
   */
  #comet(radius, angle) {
    const { context, canvas } = this;
    context.lineCap = "butt";
    context.lineWidth = Math.max(2, radius * 0.025);
    for (let i = 0; i < 24; i += 1) {
      context.strokeStyle = css(this.colors[0], 0.8 * (1 - i / 24));
      context.beginPath();
      const start = angle - i * 0.05;
      context.arc(canvas.width / 2, canvas.height / 2, radius, start - 0.05, start);
      context.stroke();
    }
  }
}

/**
 * @param {string} text #rrggbb
 * @returns {Rgb}
 */
function rgb(text) {
  const value = Number.parseInt(text.trim().slice(1), 16) || 0;
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** @param {Rgb} a @param {Rgb} b @param {number} t @returns {Rgb} */
function mix(a, b, t) {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** @param {Rgb} color @param {number} alpha */
function css(color, alpha) {
  return `rgb(${color.map(Math.round).join(" ")} / ${alpha})`;
}
