"use strict";
(() => {
  const PAGE = 25, SVG = "http://www.w3.org/2000/svg";
  const { rows, outlines } = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const gallery = find("gallery"), more = find("more"), count = find("count"), form = find("filters");
  const haystacks = rows.map((row) => `${row.id}\n${row.label}\n${row.text}`.toLowerCase());
  let shown = rows, drawn = 0, cell = null, current = -1;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function svg(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  outlines.forEach(([path], number) => find("outlines").append(svg("path", { id: `o${number}`, d: path })));

  /** A formula from its numbers: outline, left, top, width, height, mark, six for each glyph or line. */
  function formula(drawing, name) {
    const white = 40, picture = svg("svg", {
      class: "formula", role: "img", "aria-label": name,
      width: (drawing.w + 2 * white) / 10, height: (drawing.h + 2 * white) / 10,
      viewBox: `${-white} ${-white} ${drawing.w + 2 * white} ${drawing.h + 2 * white}`,
    });
    const boxes = new Map(), hit = new Set(drawing.m), s = drawing.s;
    for (let i = 0; i < s.length; i += 6) {
      const [outline, x, y, w, h, mark] = s.slice(i, i + 6);
      if (outline < 0) {
        picture.append(svg("rect", { x, y, width: w, height: Math.max(h, 4) }));
      } else {
        const [, width, height] = outlines[outline];
        const scale = width > height ? w / width : h / height;
        picture.append(svg("use", { href: `#o${outline}`, transform: `translate(${x} ${y}) scale(${scale})` }));
      }
      if (mark >= 0) {
        const box = boxes.get(mark) ?? [x, y, x + w, y + h];
        boxes.set(mark, [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x + w), Math.max(box[3], y + h)]);
      }
    }
    for (const [mark, [left, top, right, bottom]] of boxes) {
      const kind = hit.has(mark) ? "hit" : "miss";
      picture.append(svg("rect", { class: `box ${kind}`, x: left, y: top, width: right - left, height: bottom - top }));
    }
    return picture;
  }

  function difference(row) {
    const line = make("div", { class: "tex" });
    for (const [kind, text, label] of row.diff) {
      if (kind === "=") { line.append(`${text} `); continue; }
      if (text) line.append(make("del", { class: kind, title: `${kind}: the model's` }, text), " ");
      if (label) line.append(make("ins", { class: kind, title: `${kind}: the label's` }, label), " ");
    }
    return line;
  }

  function badge(text, kind = "") { return make("span", { class: `badge ${kind}` }, text); }

  function card(row) {
    const top = make("div", { class: "top" }, make("b", {}, row.id), badge(`${row.edits} edit${row.edits === 1 ? "" : "s"}`));
    if (!row.text.trim()) top.append(badge("empty", "bad"));
    else if (!row.b) top.append(badge("cannot be typeset", "bad"));
    if (row.f1 !== null) top.append(badge(`CDM ${row.f1.toFixed(3)}`, row.f1 === 1 ? "good" : ""));
    top.append(badge(`rating ${row.rating.toFixed(1)}${row.from_tokens ? " (from tokens)" : ""}`, row.rating >= 8 ? "good" : ""));
    if (row.viseq) top.append(badge("equal to the eye", "good"));
    const pair = make("div", { class: "pair" });
    for (const [name, drawing, text] of [["label", row.a, row.label], ["prediction", row.b, row.text]]) {
      const place = make("div", {}, drawing ? formula(drawing, text) : make("span", { class: "tex" }, text));
      pair.append(make("span", {}, name), place);
    }
    pair.append(make("span", {}, "difference"), difference(row));
    const trees = make("details", { class: "trees" }, make("summary", {}, "symbol layout trees"));
    trees.addEventListener("toggle", () => {
      if (trees.open && trees.childElementCount === 1) trees.append(make("div", {}, ...row.trees.map((tree) => make("pre", {}, tree))));
    });
    const item = make("li", { tabindex: "-1", "data-id": row.id }, top);
    if (row.image) item.append(make("img", { class: "ink", src: row.image, alt: `handwriting of ${row.id}`, loading: "lazy" }));
    item.append(pair, trees);
    return item;
  }

  const kinds = {
    all: () => true,
    near: (row) => row.edits <= 2,
    forgiven: (row) => row.f1 === 1 && !row.viseq,
    viseq: (row) => row.viseq,
    unset: (row) => !row.b,
    empty: (row) => !row.text.trim(),
  };
  const orders = {
    edits: (a, b) => b.edits - a.edits,
    rating: (a, b) => a.rating - b.rating,
    f1: (a, b) => (a.f1 ?? 2) - (b.f1 ?? 2),
    length: (a, b) => b.length - a.length,
  };

  let waiting = 0;

  function filter() {
    clearTimeout(waiting);  // of a search that this one overtakes
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [low, high] = find("length").value.split("-").map(Number), wanted = kinds[find("kind").value];
    shown = rows.filter((row, place) => wanted(row) && row.length >= low && row.length <= high
      && (cell === null || row.cells.includes(cell)) && words.every((word) => haystacks[place].includes(word)));
    const order = orders[find("order").value];
    if (order) shown = [...shown].sort(order);
    gallery.replaceChildren();
    drawn = 0;
    current = -1;
    draw();
  }

  function draw() {
    gallery.append(...shown.slice(drawn, drawn + PAGE).map(card));
    drawn = Math.min(drawn + PAGE, shown.length);
    more.hidden = drawn >= shown.length;
    count.textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} errors`;
  }

  function choose(button) {
    const number = button ? Number(button.dataset.cell) : null;
    cell = number === cell ? null : number;
    for (const other of document.querySelectorAll("[data-cell]")) {
      other.setAttribute("aria-pressed", String(Number(other.dataset.cell) === cell));
    }
    filter();
  }

  function step(by) {
    if (current + by >= drawn && drawn < shown.length) draw();
    current = Math.max(0, Math.min(current + by, drawn - 1));
    const item = gallery.children[current];
    if (item) { item.focus({ preventScroll: true }); item.scrollIntoView({ block: "start" }); }
  }

  function boxes() { document.body.classList.toggle("boxes", find("boxes").checked); }

  const keys = {
    "/": () => find("search").focus(),
    j: () => step(1),
    k: () => step(-1),
    o: () => { const trees = gallery.children[current]?.querySelector("details"); if (trees) trees.open = !trees.open; },
    b: () => { find("boxes").checked = !find("boxes").checked; boxes(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key === "Escape") { form.reset(); find("search").blur(); return; }
    if (!typing && keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  find("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  for (const id of ["kind", "length", "order"]) find(id).addEventListener("change", filter);
  find("boxes").addEventListener("change", boxes);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { boxes(); choose(null); }));
  document.querySelectorAll("[data-cell]").forEach((button) => button.addEventListener("click", () => choose(button)));
  more.addEventListener("click", draw);
  new IntersectionObserver((seen) => { if (seen[0].isIntersecting && !more.hidden) draw(); }, { rootMargin: "600px" }).observe(more);
  filter();
})();
