// A picture whose stops can be visited by pointer and by keys; each is told in a tooltip and to screen readers.

// `stops`: {title, text}; draw(width) gives {picture, marks: [element], at: [x of each stop]}.
function scrubbed(label, stops, draw) {
  const tip = el("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const slider = el("div", {
    class: "scrub", role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": 1, "aria-valuemax": stops.length,
  });
  const holder = el("div", { class: "chart" }, slider, tip);
  let drawn = null, shown = stops.length - 1;

  function name(index) {
    slider.setAttribute("aria-valuenow", index + 1);
    slider.setAttribute("aria-valuetext", `${stops[index].title}: ${stops[index].text}`);
  }
  function hide() {
    tip.hidden = true;
    drawn?.marks[shown].classList.remove("on");
  }
  function visit(index) {
    hide();
    shown = Math.max(0, Math.min(stops.length - 1, index));
    name(shown);
    drawn.marks[shown].classList.add("on");
    tip.replaceChildren(el("b", {}, stops[shown].title), stops[shown].text);
    tip.hidden = false;
    const room = holder.clientWidth - tip.offsetWidth;
    const left = Math.max(0, Math.min(room, drawn.at[shown] - tip.offsetWidth / 2));
    tip.style.transform = `translate(${left}px, calc(-100% - 2px))`;
  }
  const nearest = (x) =>
    drawn.at.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(drawn.at[best] - x) ? i : best), 0);
  const far = Math.max(1, Math.round(stops.length / 6));
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -far, PageUp: far };

  const point = (event) => visit(nearest(event.clientX - holder.getBoundingClientRect().left));
  slider.addEventListener("pointermove", point);
  slider.addEventListener("pointerdown", point);
  slider.addEventListener("pointerleave", hide);
  slider.addEventListener("focus", () => slider.matches(":focus-visible") && visit(shown));
  slider.addEventListener("blur", hide);
  slider.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hide();
    const to = { Home: 0, End: stops.length - 1 }[event.key] ?? shown + (steps[event.key] ?? NaN);
    if (Number.isNaN(to)) return;
    event.preventDefault();
    visit(to);
  });
  name(shown);
  onWidth(holder, (width) => {
    drawn?.picture.remove();
    drawn = draw(width);
    drawn.picture.setAttribute("aria-hidden", "true");
    holder.prepend(drawn.picture);
    hide();
  });
  return holder;
}
