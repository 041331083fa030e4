// Makes elements. Every word reaches the page through here and only as text, so visitors' words are never markup.

const $ = (id) => document.getElementById(id);

const isGiven = (value) => value !== null && value !== undefined && value !== false;

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (isGiven(value)) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(isGiven));
  return node;
}

const el = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);

const svg = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

let lastId = 0;
const newId = () => `n${++lastId}`;

// Calls draw(width) now and whenever the element gets another width.
function onWidth(element, draw) {
  let before = 0;
  new ResizeObserver(() => {
    const width = Math.floor(element.clientWidth);
    if (width > 0 && width !== before) draw((before = width));
  }).observe(element);
}
