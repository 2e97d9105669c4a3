"use strict";
// Filters are in the address: #level=deny,warn&namespace=shop&q=nginx. Values are written with encodeURIComponent, so that a
// comma separates. Nothing here makes markup of a text: nodes are shown, hidden and copied.
(() => {
  const byId = (id) => document.getElementById(id);
  const QUIET = ["note", "excepted", "baselined"];
  const facets = [...document.querySelectorAll("fieldset")].map((fieldset) => ({
    name: fieldset.dataset.facet,
    boxes: [...fieldset.querySelectorAll("input")],
  }));
  const articles = [...document.querySelectorAll("article")];
  const sections = [...document.querySelectorAll("section.file")];
  const [search, count, dialog, theme] = ["search", "count", "page", "theme"].map(byId);
  const texts = new Map();

  document.documentElement.classList.add("js");
  for (const element of [byId("bar"), theme, document.querySelector(".keys")]) element.hidden = false;

  const textOf = (article) => {
    if (!texts.has(article)) texts.set(article, article.textContent.toLowerCase());
    return texts.get(article);
  };

  // What matters, unless nothing does.
  const preset = () => {
    const level = facets.find((facet) => facet.name === "level");
    const loud = level ? level.boxes.filter((box) => !QUIET.includes(box.value)) : [];
    const isMixed = level && loud.length > 0 && loud.length < level.boxes.length;
    return isMixed ? { level: loud.map((box) => box.value) } : {};
  };

  const read = () => {
    const state = { q: "" };
    if (location.hash.length < 2) return { ...state, ...preset() };
    for (const part of location.hash.slice(1).split("&")) {
      const [name, value = ""] = part.split("=");
      try {
        const values = value.split(",").map(decodeURIComponent);
        if (name === "q") state.q = values.join(",");
        else if (facets.some((facet) => facet.name === name)) state[name] = values;
      } catch { /* An address that somebody cut: what is left of it counts. */ }
    }
    return state;
  };

  const write = () => {
    const parts = facets.map(({ name, boxes }) => {
      const values = boxes.filter((box) => box.checked).map((box) => encodeURIComponent(box.value));
      return values.length > 0 ? `${name}=${values.join(",")}` : "";
    });
    if (search.value) parts.push(`q=${encodeURIComponent(search.value)}`);
    const hash = parts.filter(Boolean).join("&");
    history.replaceState(null, "", `#${hash || "all"}`);
  };

  const show = () => {
    const wanted = facets.map(({ name, boxes }) => {
      const checked = boxes.filter((box) => box.checked).map((box) => box.dataset.number);
      return { name, numbers: checked.length > 0 ? new Set(checked) : null };
    }).filter((facet) => facet.numbers);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const article of articles) {
      const isShown = wanted.every(({ name, numbers }) => numbers.has(article.dataset[name]))
        && (words.length === 0 || words.every((word) => textOf(article).includes(word)));
      if (article.hidden === isShown) article.hidden = !isShown;
      if (isShown) shown += 1;
    }
    for (const section of sections) section.hidden = !section.querySelector("article:not([hidden])");
    byId("nothing").hidden = shown > 0 || articles.length === 0;
    count.textContent = `${shown} of ${articles.length} shown`;
  };

  const load = () => {
    const state = read();
    for (const { name, boxes } of facets) {
      for (const box of boxes) box.checked = (state[name] || []).includes(box.value);
    }
    search.value = state.q;
    show();
  };

  const change = () => { write(); show(); };
  let timer;
  for (const { boxes } of facets) for (const box of boxes) box.addEventListener("change", change);
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(change, 80); });
  byId("clear").addEventListener("click", () => {
    for (const { boxes } of facets) for (const box of boxes) box.checked = false;
    search.value = "";
    change();
  });

  // The page of a rule opens above the findings, and the address stays.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.rule");
    const page = link && byId(link.getAttribute("href").slice(1));
    if (!page) return;
    event.preventDefault();
    const copy = page.cloneNode(true);
    copy.removeAttribute("id");
    byId("content").replaceChildren(copy);
    dialog.showModal();
    byId("content").focus();
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("findings").focus();
  });

  const step = (by) => {
    const shown = articles.filter((article) => !article.hidden);
    if (shown.length === 0) return;
    const here = shown.indexOf(document.activeElement.closest("article"));
    const next = shown[here < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(here + by, 0), shown.length - 1)];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input[type=search]");
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.key === "Escape" && isTyping) search.blur();
    else if (isTyping) return;
    else if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });

  const root = document.documentElement;
  const keep = (value) => { try { localStorage.setItem("plimsoll-theme", value); } catch { /* Not everywhere. */ } };
  const kept = () => { try { return localStorage.getItem("plimsoll-theme"); } catch { return null; } };
  const dress = (value) => {
    if (value === "dark" || value === "light") root.dataset.theme = value;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    theme.textContent = isDark ? "Light theme" : "Dark theme";
    theme.dataset.next = isDark ? "light" : "dark";
  };
  theme.addEventListener("click", () => { keep(theme.dataset.next); dress(theme.dataset.next); });
  dress(kept());

  addEventListener("hashchange", load);
  load();
})();
