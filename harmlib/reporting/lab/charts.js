// The widget's view: Vega draws `spec` once; later changes of the traits only move marks and data.
// A range of probabilities is brushed on either chart, or comes from Python; the last one holds.
const STORES = { on_scores: "on_scores_store", on_curve: "on_curve_store" };

async function render({ model, el }) {
  const spec = { ...model.get("spec"), datasets: model.get("tables") };
  const options = { actions: false, renderer: "svg" };
  const { view, finalize } = await vegaEmbed(el, spec, options);
  let brushing = null; // the chart on which a range was brushed last
  let sent = null;

  const move = () => {
    view.signal("current", model.get("current"));
    view.signal("picked", model.get("picked")).runAsync();
    // JupyterLab would take the arrow keys and letters of a select for shortcuts of its own.
    for (const select of document.querySelectorAll(".harm-lab-view select"))
      select.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  const fill = () => {
    for (const [name, rows] of Object.entries(model.get("tables"))) view.data(name, rows);
    move();
  };
  const shade = () => {
    const range = model.get("brushed");
    if (JSON.stringify(range) !== sent) {
      brushing = sent = null;
      for (const store of Object.values(STORES)) view.data(store, []);
    }
    view.signal("brushed", { low: range[0], high: range[1] }).runAsync();
  };
  // The thresholds of the part of the curve between two recalls.
  const ofCurve = ([from, to]) => {
    const part = model.get("tables").curve.filter((row) => from <= row.recall && row.recall <= to);
    const thresholds = part.map((row) => row.threshold);
    return part.length ? [Math.min(...thresholds), Math.max(...thresholds)] : null;
  };
  const brush = (chart, extent) => {
    if (!extent) {
      if (brushing !== chart) return; // emptied from here
      brushing = null;
    } else if (brushing !== chart) {
      brushing = chart;
      view.data(STORES[chart === "on_scores" ? "on_curve" : "on_scores"], []);
    }
    const range = extent ? (chart === "on_curve" ? ofCurve(extent) : extent) : [0, 1];
    if (!range) return;
    sent = JSON.stringify(range);
    model.set("brushed", range);
    model.save_changes();
  };
  view.addSignalListener("on_scores", (_, value) => brush("on_scores", value.low));
  view.addSignalListener("on_curve", (_, value) => brush("on_curve", value.recall));

  const listeners = { "change:current": move, "change:picked": move, "change:tables": fill, "change:brushed": shade };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  move();
  shade();
  return () => {
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
    finalize();
  };
}
export default { render };
