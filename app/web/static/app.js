"use strict";
// Times in the reader's own zone, and the chart; everything else is the server's.
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

  let open = false;
  document.addEventListener("DOMContentLoaded", () => { localise(document); draw(); });
  document.addEventListener("htmx:beforeSwap", () => { open = document.getElementById("chart-table")?.open ?? false; });
  document.addEventListener("htmx:afterSwap", (event) => {
    localise(event.target);
    const table = document.getElementById("chart-table");
    if (table) table.open = open;
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
})();
