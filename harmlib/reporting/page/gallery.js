// Which model's errors, and of which kind: without this script all of them stand there.
(() => {
  const show = (gallery) => {
    const [model, kind] = ["model", "kind"].map((name) => gallery.querySelector(`select.${name}`).value);
    for (const part of gallery.querySelectorAll(".of-model")) part.hidden = part.dataset.model !== model;
    for (const part of gallery.querySelectorAll(".of-kind")) part.hidden = kind !== "" && part.dataset.kind !== kind;
  };
  for (const gallery of document.querySelectorAll(".error-gallery:has(select.model)")) show(gallery);
  if (window.harmlibErrorGallery) return;
  window.harmlibErrorGallery = true;
  document.addEventListener("change", (event) => {
    const gallery = event.target.closest(".error-gallery");
    if (!event.target.matches(".error-gallery .model, .error-gallery .kind")) return;
    document.dispatchEvent(new Event("harmlib-veil")); // what was hidden isn't shown when it comes back
    show(gallery);
    const shown = [...gallery.querySelectorAll(".of-model:not([hidden]) .of-kind:not([hidden]) .told")];
    gallery.querySelector("[role=status]").textContent = shown.map((part) => part.textContent).join(" ");
  });
})();
