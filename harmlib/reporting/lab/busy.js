// Says that Python is busy once it has not answered for a while; nothing while it answers at once.
const SOON_MS = 600;
const LATE_MS = 10000;

function render({ model, el }) {
  el.setAttribute("role", "status");
  el.className = "harm-lab busy";
  let soon, late;
  const say = (text) => {
    el.textContent = text;
    el.closest(".harm-lab-view")?.classList.toggle("is-busy", text !== "");
  };
  const answered = () => {
    if (model.get("answered") < model.get("asked")) return;
    clearTimeout(soon);
    clearTimeout(late);
    soon = late = undefined;
    say("");
  };
  const ask = () => {
    model.set("asked", model.get("asked") + 1);
    model.save_changes();
    if (soon !== undefined) return;
    soon = setTimeout(() => say("계산하고 있습니다…"), SOON_MS);
    late = setTimeout(
      () => say("아직 답이 없습니다. 커널이 다른 셀을 실행하고 있거나 멈추어 있습니다. Kernel 메뉴에서 확인하십시오."),
      LATE_MS,
    );
  };
  // Behind the message of the widget that was changed.
  const later = (event) => {
    if (event.target.closest?.(".harm-lab-view")?.contains(el)) setTimeout(ask, 0);
  };
  const kinds = ["change", "click", "pointerup", "keyup"];
  for (const kind of kinds) document.addEventListener(kind, later, true);
  model.on("change:answered", answered);
  return () => {
    for (const kind of kinds) document.removeEventListener(kind, later, true);
    model.off("change:answered", answered);
    clearTimeout(soon);
    clearTimeout(late);
  };
}
export default { render };
