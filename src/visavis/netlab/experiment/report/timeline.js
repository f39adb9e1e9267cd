// What happened when in one call: rows of the network, the plan and the buffer on one time axis.
(() => {
  const told = JSON.parse(document.getElementById("calls").textContent);
  const pick = (id) => document.getElementById(id);
  const WIDTH = 1100, LEFT = 130, RIGHT = 20;
  const escape = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

  function fill(select, key) {
    for (const value of new Set(told.calls.map((call) => call[key]))) select.add(new Option(value));
    select.onchange = draw;
  }

  // One row: bars from 0 or a line, with its greatest value at the left.
  function row(y, height, title, values, { css, top, unit, bars }) {
    const known = values.filter((v) => v !== null);
    const most = Math.max(top ?? 0, ...known) || 1;
    const width = (WIDTH - LEFT - RIGHT) / values.length;
    const at = (n) => LEFT + n * width;
    const up = (v) => y + height - (v / most) * (height - 6);
    let shapes = "";
    if (bars) {
      values.forEach((v, n) => {
        if (v) shapes += `<rect class="${css}" x="${at(n).toFixed(1)}" y="${up(v).toFixed(1)}" ` +
          `width="${Math.max(1, width - 0.6).toFixed(1)}" height="${(y + height - up(v)).toFixed(1)}"/>`;
      });
    } else {
      let path = "", open = false;
      values.forEach((v, n) => {
        if (v === null) { open = false; return; }
        path += `${open ? "L" : "M"}${(at(n) + width / 2).toFixed(1)} ${up(v).toFixed(1)}h.01`;
        open = true;
      });
      shapes = `<path class="curve ${css}" d="${path}"/>`;
    }
    const shown = unit === "%" ? `${Math.round(most * 100)} %` : `${Math.round(most)} ${unit}`;
    return `<text class="v" x="0" y="${y + 16}">${title}</text><text x="0" y="${y + 31}">0 – ${shown}</text>` +
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y + height}" y2="${y + height}"/>` + shapes;
  }

  function plans(y, list, seconds) {
    const scale = (WIDTH - LEFT - RIGHT) / (seconds - told.from);
    const x = (at) => LEFT + Math.max(0, at - told.from) * scale;
    let out = `<text class="v" x="0" y="${y + 16}">plan</text>`;
    list.forEach(([at, text], n) => {
      const end = n + 1 < list.length ? list[n + 1][0] : seconds;
      if (end <= told.from) return;
      const wide = x(end) - x(at);
      const fits = Math.floor((wide - 8) / 5.8);
      const label = fits >= text.length ? text : fits > 8 ? `${text.slice(0, fits - 1)}…` : "";
      out += `<g><title>from ${at} s: ${escape(text)}</title><rect class="plan" x="${x(at).toFixed(1)}" ` +
        `y="${y}" width="${Math.max(1, wide).toFixed(1)}" height="24" rx="4"/>` +
        `<text class="plan-text" x="${(x(at) + 5).toFixed(1)}" y="${y + 16}">${escape(label)}</text></g>`;
    });
    return out;
  }

  function draw() {
    const call = told.calls.find((c) => c.scenario === pick("scenario").value && c.strategy === pick("strategy").value);
    if (!call) { pick("timeline").textContent = "Of this one nothing was kept."; return; }
    const way = call[pick("way").value];
    const seconds = told.from + way.loss.length * told.step;
    const buffer = pick("way").value === "up" ? "recogniser waits" : "jitter buffer";
    let y = 4, out = "";
    for (const [height, title, values, look] of [
      [54, "packets lost", way.loss, { css: "lost", top: 0.05, unit: "%", bars: true }],
      [60, "one-way delay", way.delay_ms, { css: "", top: 50, unit: "ms" }],
      [44, "bit rate", way.kbps, { css: "k", top: 40, unit: "kbit/s" }],
      [54, buffer, way.buffer_ms, { css: "b", top: 50, unit: "ms" }],
      [44, "concealed", way.guessed, { css: "guess", top: 0.05, unit: "%", bars: true }],
    ]) {
      out += row(y, height, title, values, look);
      y += height + 10;
    }
    out += plans(y, way.plans, seconds);
    y += 28;
    const step = [5, 10, 30, 60, 300, 600, 3600].find((s) => seconds / s <= 14) || 36000;
    for (let at = Math.ceil(told.from / step) * step; at <= seconds; at += step) {
      const x = LEFT + ((at - told.from) / (seconds - told.from)) * (WIDTH - LEFT - RIGHT);
      out = `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${y}"/>` + out +
        `<text x="${x}" y="${y + 14}" text-anchor="middle">${at} s</text>`;
    }
    pick("timeline").innerHTML = `<svg viewBox="0 0 ${WIDTH} ${y + 18}" role="img">${out}</svg>`;
  }

  fill(pick("scenario"), "scenario");
  fill(pick("strategy"), "strategy");
  pick("way").onchange = draw;
  // Begin with what is worth a look: the call that lost most packets, under the last strategy.
  const mean = (values) => values.reduce((sum, v) => sum + (v || 0), 0) / values.length;
  const worst = told.calls.reduce((a, b) => (mean(b.up.loss) >= mean(a.up.loss) ? b : a), told.calls[0]);
  if (worst) { pick("scenario").value = worst.scenario; pick("strategy").value = worst.strategy; draw(); }
})();
