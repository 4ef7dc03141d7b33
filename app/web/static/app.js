"use strict";
// Times in the reader's own zone, the chart, and the reader's place when the boards change; all else is the server's.
(() => {
  const moment = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

  const localise = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      time.textContent = moment.format(at);
      time.title = at.toISOString();
    }
  };

  let chart = null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const draw = () => {
    const place = document.getElementById("chart-promises");
    if (chart) chart.destroy();
    chart = null;
    if (!place || typeof uPlot === "undefined") return;
    const [days, kept, broken] = JSON.parse(place.dataset.points);
    const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
    const dates = (_, all) => all.map((ts) => day.format(new Date(ts * 1e3)));
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const bars = (label, stroke, align) => ({
      label, stroke, fill: stroke, width: 0, points: { show: false },
      paths: uPlot.paths.bars({ size: [0.36, 22], align, radius: 0.2 }),
    });
    chart = new uPlot({
      width: place.clientWidth, height: 220, tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "UTC"),
      cursor: { points: { show: false } },
      legend: { live: false },
      scales: { x: { range: (_, first, last) => [first - 43200, last + 43200] }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.15)] } },
      axes: [{ ...axis, values: dates }, { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000] }],
      series: [{},
        bars(place.dataset.kept, colour("--good"), -1), bars(place.dataset.broken, colour("--bad"), 1)],
    }, [days, kept, broken], place);
  };

  // where the reader was before the boards are replaced: htmx keeps the focus on what is still there by its id
  let place = null;
  const keep = () => {
    const scrolled = [...document.querySelectorAll("#board .scroll")].map((one) => [one.id, one.scrollLeft]);
    const section = document.activeElement?.closest("#board section")?.id;
    place = { scrolled, section, open: document.getElementById("chart-table")?.open ?? false };
  };
  const restore = () => {
    for (const [id, left] of place.scrolled) {
      const one = document.getElementById(id);
      if (one) one.scrollLeft = left;
    }
    const table = document.getElementById("chart-table");
    if (table) table.open = place.open;
    // the number that had it is gone: its section has it, not the top of the page
    if (place.section && document.activeElement === document.body) {
      const heading = document.getElementById(`h-${place.section}`);
      if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
      }
    }
  };

  document.addEventListener("DOMContentLoaded", () => { localise(document); draw(); });
  document.addEventListener("htmx:beforeSwap", keep);
  document.addEventListener("htmx:afterSwap", (event) => {
    localise(event.target);
    draw();
    restore();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
})();
