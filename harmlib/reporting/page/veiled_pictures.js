// The listeners are added once, to the document: they serve every section of veiled pictures on the page,
// also those that a notebook draws later. A clear picture is in the page only while somebody looks at it.
(() => {
  if (window.harmlibVeiledPictures) return window.harmlibVeiledPictures();

  // How far one press goes: to grey, or to colour at once. A page that may not keep it remembers it
  // until it is closed.
  const KEY = "harmlib-one-press-shows", REACHES = ["grey", "colour"];
  const kept = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const keep = () => {
    try { localStorage.setItem(KEY, reach); } catch { /* as above */ }
  };
  let reach = REACHES.includes(kept()) ? kept() : "grey";

  const sectionOf = (element) => element.closest(".veiled-pictures");
  const word = (section, key) =>
    section.querySelector("template.words").content.querySelector(`[data-word="${key}"]`).textContent;
  const say = (section, text) => {
    // Behind an open dialog nothing is heard.
    (section.querySelector("dialog [role=status]") ?? section.querySelector("[role=status]")).textContent = text;
  };
  // Those that can be seen, in their order; the enlarged one is a copy.
  const figuresOf = (section) => [...section.querySelectorAll("figure")].filter((figure) =>
    figure.querySelector(".veil") && !figure.closest("dialog") && figure.getClientRects().length);

  const stateOf = (figure) => figure.dataset.state ?? "veiled";
  const after = { veiled: () => reach, grey: () => "colour", colour: () => "veiled" };
  const label = (figure) => {
    const next = after[stateOf(figure)]();
    const button = figure.querySelector(".reveal .does");
    button.textContent = word(sectionOf(figure), next === "veiled" ? "veil" : next);
  };
  const jpegOf = (veil) => {
    const same = [...sectionOf(veil).querySelectorAll(".veil[data-clear]")]
      .find((other) => other.dataset.picture === veil.dataset.picture);
    return "data:image/jpeg;base64," + same.dataset.clear;
  };
  const set = (figure, state) => {
    const veil = figure.querySelector(".veil");
    figure.querySelector(".clear")?.remove();
    veil.toggleAttribute("aria-hidden", false);
    if (state !== "veiled") {
      const clear = document.createElement("img");
      clear.className = "clear";
      clear.style.filter = state === "grey" ? "grayscale(1)" : ""; // here, and so without any style sheet
      clear.src = jpegOf(veil);
      clear.alt = `${word(sectionOf(figure), `${state}-picture`)}, ${veil.dataset.about}`;
      clear.width = veil.width;
      clear.height = veil.height;
      veil.after(clear);
      veil.setAttribute("aria-hidden", "true");
    }
    figure.dataset.state = state;
    label(figure);
  };
  const press = (figure) => {
    const state = after[stateOf(figure)](), section = sectionOf(figure);
    set(figure, state);
    say(section, `${word(section, `${state}-picture`)}: ${figure.querySelector(".veil").dataset.picture}`);
  };
  const veilAll = () => {
    for (const section of document.querySelectorAll(".veiled-pictures")) {
      const shown = [...section.querySelectorAll("figure[data-state]")]
        .filter((figure) => stateOf(figure) !== "veiled");
      for (const figure of shown) set(figure, "veiled");
      if (shown.length) say(section, word(section, "all-veiled"));
    }
  };

  const LARGER = 2.5; // times as many pixels as the picture has: beyond that there is nothing to see
  const button = (section, kind, does = kind) => {
    const made = document.createElement("button");
    const text = made.appendChild(document.createElement("span"));
    made.type = "button";
    made.className = kind;
    text.className = "does";
    text.textContent = word(section, does);
    return made;
  };
  const part = (kind, ...children) => {
    const made = document.createElement("div");
    made.className = kind;
    made.append(...children);
    return made;
  };
  const fit = (frame) => {
    const [width, height] = ["width", "height"].map((side) => Number(frame.firstChild.getAttribute(side)));
    const whole = `min(100%, ${LARGER * width}px, ${60 * width / height}vh)`;
    // A strip of frames keeps a height at which they can be seen; it then scrolls sideways.
    frame.style.width = `max(${whole}, min(${width}px, ${9 * width / height}rem))`;
    frame.style.maxWidth = "none";
  };
  // The pictures of a section one after the other, each as far as its card shows it.
  const enlarge = (card) => {
    const section = sectionOf(card), dialog = document.createElement("dialog");
    const figure = document.createElement("figure"), facts = part("facts");
    const stage = part("stage"), position = part("position"), status = part("unseen");
    status.setAttribute("role", "status");
    dialog.className = "enlarged";
    dialog.setAttribute("aria-label", word(section, "enlarged"));
    const reveal = button(section, "reveal", "grey");
    const steps = part("steps", reveal, button(section, "previous"), position, button(section, "next"),
                       button(section, "close"));
    figure.append(stage, steps);
    dialog.append(figure, facts, status);
    section.append(dialog);
    let at = card;
    const show = (other) => {
      at = other;
      const figures = figuresOf(section), frame = at.querySelector(".frame").cloneNode(true);
      frame.querySelector(".clear")?.remove();
      fit(frame);
      stage.replaceChildren(frame);
      stage.toggleAttribute("tabindex", false);
      if (stage.scrollWidth > stage.clientWidth) stage.tabIndex = 0;
      facts.replaceChildren(at.querySelector("figcaption").cloneNode(true));
      // Here a cited number has no row to open: that would stand behind the dialog.
      for (const cited of facts.querySelectorAll("data")) cited.replaceWith(cited.textContent);
      position.textContent = word(section, "position")
        .replace("{of}", figures.length).replace("{at}", figures.indexOf(at) + 1);
      set(figure, stateOf(at));
    };
    const step = (by) => {
      const figures = figuresOf(section);
      show(figures[(figures.indexOf(at) + by + figures.length) % figures.length]);
      const veil = figure.querySelector(".veil");
      say(section, `${position.textContent}. ${veil.alt}`);
    };
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest(".close")) dialog.close();
      else if (event.target.closest(".previous")) step(-1);
      else if (event.target.closest(".next")) step(1);
    });
    dialog.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || event.target === stage || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      step(by);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      veilAll();
      say(section, word(section, "all-veiled"));
      at.querySelector(".enlarge").focus();
    });
    dialog.showModal();
    show(card);
    reveal.focus();
  };

  const ready = () => {
    for (const section of document.querySelectorAll(".veiled-pictures")) {
      for (const select of section.querySelectorAll("select.reach")) select.value = reach;
      for (const figure of section.querySelectorAll("figure")) if (figure.querySelector(".veil")) label(figure);
    }
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches(".veiled-pictures select.reach")) return;
    reach = event.target.value;
    keep();
    ready();
  });
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest(".veiled-pictures button");
    if (!pressed) return;
    if (pressed.matches(".veil-all")) veilAll();
    else if (pressed.matches(".reveal")) press(pressed.closest("figure"));
    else if (pressed.matches(".enlarge")) enlarge(pressed.closest("figure"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") veilAll();
    const pressed = event.target.closest?.(".veiled-pictures .of-picture button");
    if (!pressed || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const figures = figuresOf(sectionOf(pressed)), at = figures.indexOf(pressed.closest("figure"));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: figures.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    figures[Math.min(figures.length - 1, Math.max(0, to))]
      .querySelector(`.${pressed.classList[0]}`).focus();
  });
  document.addEventListener("harmlib-veil", veilAll);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) veilAll();
  });
  window.harmlibVeiledPictures = ready;
  ready();
})();
