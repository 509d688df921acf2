// The listeners are added once, to the document: they serve every gallery on the page, also those that
// a notebook draws later. A clear picture is in the page only while its button is pressed.
(() => {
  if (window.harmlibGallery) return;
  window.harmlibGallery = true;

  const say = (gallery, text) => {
    gallery.querySelector("[role=status]").textContent = text;
  };

  const show = (button) => {
    const veil = button.closest("figure").querySelector(".veil");
    const clear = veil.cloneNode();
    clear.className = "clear";
    clear.removeAttribute("data-clear");
    clear.src = "data:image/jpeg;base64," + veil.dataset.clear;
    clear.alt = veil.alt.replace("가려진", "드러난");
    veil.after(clear);
    veil.setAttribute("aria-hidden", "true");
    button.setAttribute("aria-pressed", "true");
    say(button.closest(".error-gallery"), "");
  };

  const hide = (button) => {
    const figure = button.closest("figure");
    figure.querySelector(".clear").remove();
    figure.querySelector(".veil").removeAttribute("aria-hidden");
    button.setAttribute("aria-pressed", "false");
  };

  const hideAll = () => {
    for (const button of document.querySelectorAll('.error-gallery [aria-pressed="true"]')) {
      hide(button);
      say(button.closest(".error-gallery"), "모든 사진을 다시 가렸습니다.");
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".error-gallery button");
    if (!button) return;
    if (!button.hasAttribute("aria-pressed")) hideAll();
    else if (button.getAttribute("aria-pressed") === "true") hide(button);
    else show(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideAll();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hideAll();
  });
})();
