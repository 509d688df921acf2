// The widget's view: Vega draws `spec` once; later changes of the traits only move marks and data.
async function render({ model, el }) {
  const spec = { ...model.get("spec"), datasets: model.get("tables") };
  const { view, finalize } = await vegaEmbed(el, spec, { actions: false, renderer: "svg" });
  const move = () => {
    view.signal("current", model.get("current")).runAsync();
    // JupyterLab would take the arrow keys and letters of a select for shortcuts of its own.
    for (const select of el.closest(".harm-lab-view")?.querySelectorAll("select") ?? [])
      select.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  const fill = () => {
    for (const [name, rows] of Object.entries(model.get("tables"))) view.data(name, rows);
    move();
  };
  model.on("change:current", move);
  model.on("change:tables", fill);
  move();
  return () => {
    model.off("change:current", move);
    model.off("change:tables", fill);
    finalize();
  };
}
export default { render };
