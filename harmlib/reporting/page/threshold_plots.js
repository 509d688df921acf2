// The two plots: the specs come from threshold_explorer_plots.py, the numbers from here.
const BIN = 25; // steps that a bar of the histogram spans

function openView(spec, container) {
  const view = new library.View(library.parse(spec, null, { ast: true }), {
    expr: library.expressionInterpreter, renderer: "svg", container, hover: false,
  });
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width > 0 && width !== view.width()) view.width(width).runAsync();
  }).observe(container);
  return view;
}

/** The PR curve of every threshold that flags something, and where F1 equals the baseline's. */
function showCurve(view, curve, share) {
  const baseline = rated(mixed(countsOfBaseline(curve), share));
  const rows = [];
  for (let k = 0; k <= STEPS; k += 1) {
    const counts = countsAt(curve, k);
    const { precision, recall } = rated(mixed(counts, share));
    const before = rows.at(-1);
    if (counts.tp + counts.fp > 0 && !(before && before.tp === counts.tp && before.fp === counts.fp)) {
      rows.push({ k, tp: counts.tp, fp: counts.fp, precision, recall });
    }
  }
  const first = baseline.f1 / (2 - baseline.f1); // the recall at which precision 1 gives that F1
  const level = Array.from({ length: 61 }, (_, i) => {
    const recall = first + ((1 - first) * i) / 60;
    return { recall, precision: (baseline.f1 * recall) / (2 * recall - baseline.f1) };
  });
  const lowest = Math.min(baseline.precision, ...rows.map((row) => row.precision));
  view.signal("lowest", Math.max(0, Math.floor((lowest - 0.05) * 20) / 20));
  view.data("curve", rows).data("level", baseline.f1 > 0 ? level : []);
}

/** Points by kind: baseline, operating, goal, current; those without a precision or recall are left out. */
function showPoints(view, points) {
  const rows = Object.entries(points).map(([kind, at]) => ({ ...at, kind }));
  view.data("points", rows.filter((row) => !Number.isNaN(row.precision + row.recall))).runAsync();
}

/** Bars of one class; `sign` −1 hangs them below zero. Flagged items lie next to zero. */
function bars(above, total, k, label, sign) {
  const rows = [];
  for (let from = 0; from < STEPS; from += BIN) {
    const to = from + BIN;
    const higher = Math.min(Math.max(k, from), to);
    const flagged = above[higher] - above[to];
    const items = (from === 0 ? total : above[from]) - above[to];
    const place = { from: from / STEPS, to: to / STEPS, label };
    if (flagged) rows.push({ ...place, low: 0, high: sign * flagged, flagged: true });
    if (items > flagged) rows.push({ ...place, low: sign * flagged, high: sign * items, flagged: false });
  }
  return rows;
}

/** `texts` stand in the corners: fn and tn left of the threshold, tp and fp right of it. */
function showScores(view, curve, k, texts) {
  const rows = [
    ...bars(curve.tp, curve.harmful, k, 1, 1),
    ...bars(curve.fp, curve.safe, k, 0, -1),
  ];
  const [most, least] = [Math.max(...rows.map((row) => row.high)), Math.min(...rows.map((row) => row.high))];
  // Room for the words above and below the bars, and for a class that has few items.
  const top = 1.25 * Math.max(most, -least / 3);
  const bottom = 1.25 * Math.min(least, -most / 3);
  const parts = [
    { text: texts.fn, from: 0, low: top, align: "left", dx: 6, dy: 10 },
    { text: texts.tp, from: 1, low: top, align: "right", dx: -6, dy: 10 },
    { text: texts.tn, from: 0, low: bottom, align: "left", dx: 6, dy: -10 },
    { text: texts.fp, from: 1, low: bottom, align: "right", dx: -6, dy: -10 },
  ];
  const lines = [{ from: k / STEPS }];
  const operating = [{ from: curve.operating_threshold.k / STEPS }];
  view.signal("top", top).signal("bottom", bottom);
  view.data("bars", rows).data("threshold", lines).data("stop", operating).data("parts", parts).runAsync();
}

/** Where a click lies in the plot, in pixels of its scales. */
function placeOf(view, { clientX, clientY }) {
  const plot = view.container().querySelector(".root").getScreenCTM();
  const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(plot.inverse());
  return [x, y];
}

/** The step of the curve's point that lies nearest to a click. */
function nearestStep(view, event) {
  const [x, y] = placeOf(view, event);
  const far = (row) => Math.hypot(view.scale("x")(row.recall) - x, view.scale("y")(row.precision) - y);
  const rows = view.data("curve");
  return rows.length ? rows.reduce((best, row) => (far(row) < far(best) ? row : best)).k : null;
}

/** The step at the horizontal place of a click. */
function stepAt(view, event) {
  const [x] = placeOf(view, event);
  return Math.round(Math.min(Math.max(view.scale("x").invert(x), 0), 1) * STEPS);
}
