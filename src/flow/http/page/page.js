// Draws /status.json. Whatever comes in it, strangers' words too, becomes text and nothing else:
// every node is made by name, and its words are set as textContent.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const EVERY = 60000;
const AGES = ["1 h", "6 h", "1 d", "3 d", "5 d", "older"];
const AGE_ENDS = [3600, 21600, 86400, 259200, 432000];
// In the order in which calls are counted.
const RESULTS = ["ok", "no_mail", "refused450", "tempfail451", "dropped", "timeout", "partial"];
// How a result is drawn, worst last, and what it is called.
const MARKS = {
  ok: { mark: "ok", words: "mail fetched", tone: "good" },
  no_mail: { mark: "none", words: "no mail", tone: "good" },
  partial: { mark: "later", words: "mail put off", tone: "warn" },
  refused450: { mark: "later", words: "refused (450)", tone: "warn" },
  tempfail451: { mark: "later", words: "later (451)", tone: "warn" },
  dropped: { mark: "broken", words: "line broke", tone: "bad" },
  timeout: { mark: "broken", words: "too slow", tone: "bad" },
};
const CARDS = 12;

const id = (name) => document.getElementById(name);

function node(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// Words from outside must not turn those around them.
const bdi = (words) => node("bdi", { title: words }, words);

const number = new Intl.NumberFormat("en");
const count = (n) => number.format(n);

function size(octets) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (octets >= 1024 && at < units.length - 1) { octets /= 1024; at += 1; }
  return (octets < 10 && at > 0 ? octets.toFixed(1) : Math.round(octets)) + " " + units[at];
}

function span(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [unit, name] of units) {
    if (seconds >= unit) {
      const n = seconds / unit;
      return (n < 10 && unit > 60 ? n.toFixed(1).replace(/\.0$/, "") : Math.round(n)) + " " + name;
    }
  }
  return Math.max(0, Math.round(seconds)) + " s";
}

const two = (n) => String(n).padStart(2, "0");
const clock = (at) => two(at.getHours()) + ":" + two(at.getMinutes());
const day = (at) => at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate());

function moment(text, now) {
  const at = new Date(text);
  return day(at) === day(now) ? clock(at) : day(at) + " " + clock(at);
}

function tile(title, value, more, tone) {
  return node("div", { class: "tile" + (tone ? " " + tone : "") },
    node("dt", null, title),
    node("dd", null, node("div", { class: "number" }, value), node("div", { class: "quiet" }, more)));
}

function tiles(status) {
  const t = status.totals;
  const out = status.outgoing;
  const space = status.spool;
  const part = space && space.size_bytes ? space.free_bytes / space.size_bytes : 1;
  id("tiles").replaceChildren(
    tile("Waiting", count(t.messages), size(t.bytes)),
    tile("Oldest", t.messages ? span(t.oldest_s) : "–", t.messages ? "in the queue" : "nothing waits"),
    tile("Expiring in 24 h", count(t.expiring_24h), t.expiring_24h ? "then they are given up" : "none",
      t.expiring_24h ? "bad" : ""),
    tile("Silent customers", count(t.silent_accounts), "no successful call for a day",
      t.silent_accounts ? "warn" : ""),
    tile("On hold", count(t.held), t.damaged ? count(t.damaged) + " damaged" : "none damaged",
      t.damaged ? "bad" : ""),
    tile("Outgoing", count(out.messages), out.trouble ? "the smarthost is in trouble" :
      out.messages ? "the oldest " + span(out.oldest_s) : "nothing waits for the smarthost",
      out.trouble ? "warn" : ""),
    tile("Disk free", space ? Math.round(100 * part) + " %" : "–", space ? size(space.free_bytes) : "unknown",
      part < 0.1 ? "bad" : ""));
}

// The least round number that is not smaller.
function ceiling(n) {
  const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((round) => round >= n);
}

const layer = (names, n) => (n < names.length ? "l" + n : "other");

function depth(data) {
  const [width, height, left, right, top, bottom] = [1000, 260, 46, 8, 8, 24];
  const points = data.points;
  const sums = points.map((point) => (point ? point.reduce((a, b) => a + b, 0) : 0));
  const most = Math.max(4, ceiling(Math.max(...sums, 0)));
  const x = (n) => left + (width - left - right) * n / Math.max(points.length - 1, 1);
  const y = (n) => height - bottom - (height - top - bottom) * n / most;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "depth-title" },
    svg("title", { id: "depth-title" }, depthInWords(data, sums)));
  for (let n = 0; n <= 4; n += 1) {
    const at = y(most * n / 4);
    picture.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: at, y2: at }),
      svg("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, count(most * n / 4)));
  }
  const layers = data.names.length + 1;
  for (const [from, to] of runs(points)) {
    let below = new Array(to - from).fill(0);
    for (let of = 0; of < layers; of += 1) {
      const above = below.map((n, i) => n + points[from + i][of]);
      // A lone point is as wide as half its stretch, or it could not be seen.
      const ends = to - from === 1 ? [-0.5, 0.5] : [0];
      const edge = (values) => values.flatMap((n, i) => ends.map((e) => [x(from + i + e), y(n)]));
      const path = edge(above).concat(edge(below).reverse());
      if (above.some((n, i) => n > below[i])) {
        const d = path.map(([px, py], i) => (i ? "L" : "M") + px.toFixed(1) + " " + py.toFixed(1)).join("") + "Z";
        picture.append(svg("path", { class: layer(data.names, of), d }));
      }
      below = above;
    }
  }
  times(picture, data, x, height);
  id("depth").replaceChildren(picture);
  const swatch = (of) => svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" },
    svg("rect", { class: layer(data.names, of), width: 10, height: 10, rx: 2 }));
  const last = points.findLast((point) => point) || [];
  const legend = data.names.map((name, of) => node("li", null, swatch(of), bdi(name), count(last[of] || 0)));
  const others = node("li", null, swatch(layers - 1), node("span", null, data.names.length ? "all others" : "all domains"),
    count(last[layers - 1] || 0));
  id("legend").replaceChildren(...legend, others);
}

// Stretches of points that are known.
function runs(points) {
  const found = [];
  points.forEach((point, n) => {
    if (!point) return;
    const last = found.at(-1);
    if (last && last[1] === n) last[1] = n + 1; else found.push([n, n + 1]);
  });
  return found;
}

function depthInWords(data, sums) {
  const highest = Math.max(...sums, 0);
  return `Messages waiting in the last ${data.window}, domain upon domain: at most ${count(highest)}, ` +
    `now ${count(sums.at(-1) || 0)}.`;
}

function times(picture, data, x, height) {
  const start = Date.parse(data.first);
  const step = data.step_s * 1000;
  const long = data.window !== "24h";
  const every = { "24h": 4, "7d": 24, "30d": 120 }[data.window] * 3600000;
  const zone = new Date(start).getTimezoneOffset() * 60000;
  for (let at = Math.ceil((start - zone) / every) * every + zone; at < start + data.points.length * step; at += every) {
    const when = new Date(at);
    const words = long ? day(when).slice(5) : clock(when);
    const px = x((at - start) / step);
    if (px < 970) picture.append(svg("text", { x: px, y: height - 6, "text-anchor": px < 70 ? "start" : "middle" }, words));
  }
}

function ages(status) {
  const full = status.domains.filter((domain) => domain.messages + domain.held > 0 || domain.new_mail_held);
  const cards = full.slice(0, CARDS).map(card);
  const rest = full.length - cards.length + status.other_domains.domains;
  if (!cards.length) cards.push(node("p", { class: "quiet" }, "Nothing waits for anybody."));
  else if (rest > 0) cards.push(node("p", { class: "quiet" }, `${count(rest)} more domains: queuectl domains`));
  id("ages").replaceChildren(...cards);
}

function card(domain) {
  const [width, height, base] = [240, 92, 74];
  const wide = width / AGES.length;
  const most = Math.max(...domain.ages, 1);
  const words = AGES.map((age, n) => `${age}: ${domain.ages[n]}`).join(", ");
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Messages by age. " + words });
  domain.ages.forEach((messages, n) => {
    const high = messages ? Math.max(2, (base - 16) * messages / most) : 0;
    const middle = wide * (n + 0.5);
    picture.append(svg("rect", { class: "bar", x: wide * n + 4, y: base - high, width: wide - 8, height: high, rx: 2 }),
      svg("text", { x: middle, y: height - 4, "text-anchor": "middle" }, AGES[n]));
    if (messages) picture.append(svg("text", { x: middle, y: base - high - 4, "text-anchor": "middle" }, count(messages)));
  });
  picture.append(svg("line", { class: "base", x1: 0, x2: width, y1: base + 0.5, y2: base + 0.5 }));
  if (domain.lifetime_s !== null) {
    const at = Math.min(width - 1, wide * place(domain.lifetime_s));
    picture.append(svg("line", { class: "end", x1: at, x2: at, y1: 2, y2: base }));
  }
  const soon = domain.next_expiry_s !== null && domain.next_expiry_s < 86400;
  const next = domain.next_expiry_s === null ? "" : "next expires in " + span(domain.next_expiry_s);
  const waits = domain.messages ? [`${size(domain.bytes)}, oldest ${span(domain.oldest_s)}`, next].filter(Boolean) : [];
  const parts = [node("p", { class: soon ? "soon" : "quiet" }, waits.join(", ") || "nothing waits")];
  const held = [domain.held ? count(domain.held) + " on hold" : "", domain.new_mail_held ? "what comes is held" : ""];
  if (held.some(Boolean)) parts.push(node("p", { class: "quiet" }, held.filter(Boolean).join(", ")));
  return node("figure", null,
    node("figcaption", null, bdi(domain.domain), node("span", null, count(domain.messages))), picture, ...parts);
}

// Where an age lies among the bars, in bars.
function place(seconds) {
  const n = AGE_ENDS.findIndex((end) => seconds <= end);
  if (n < 0) return AGES.length;
  const start = n ? AGE_ENDS[n - 1] : 0;
  return n + (seconds - start) / (AGE_ENDS[n] - start);
}

function mark(kind, label) {
  const picture = svg("svg", { viewBox: "0 0 16 16" });
  if (label) fill(picture, { role: "img", "aria-label": label }, [svg("title", null, label)]);
  else picture.setAttribute("aria-hidden", "true");
  const shapes = {
    ok: () => svg("circle", { class: "ok", cx: 8, cy: 8, r: 6 }),
    none: () => svg("circle", { class: "none", cx: 8, cy: 8, r: 4.5 }),
    later: () => svg("path", { class: "later", d: "M8 2 14.5 14H1.5Z" }),
    broken: () => svg("path", { class: "broken", d: "M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5" }),
    never: () => svg("circle", { class: "never", cx: 8, cy: 8, r: 1.5 }),
  };
  picture.append(shapes[kind]());
  return picture;
}

function key() {
  const words = { ok: "mail fetched", none: "no mail", later: "refused, told to call later, or mail put off",
    broken: "line broke or too slow", never: "no call" };
  id("key").replaceChildren(...Object.entries(words).map(([kind, of]) => node("li", null, mark(kind), of)));
}

function calls(status, now) {
  const hours = Array.from({ length: 24 }, (_, n) => new Date(now.getTime() - (23 - n) * 3600000));
  const head = node("tr", null, node("th", { scope: "col" }, "account"),
    ...hours.map((hour) => node("th", { scope: "col" }, two(hour.getHours()))),
    node("th", { scope: "col" }, "last success"));
  const rows = status.accounts.map((account) => node("tr", null,
    node("th", { scope: "row" }, bdi(account.account)),
    ...account.hours.map((of, n) => node("td", null, punch(of, hours[n]))),
    node("td", { class: account.silent ? "soon" : "quiet" },
      account.last_success ? moment(account.last_success, now) : account.silent ? "silent" : "not yet")));
  if (status.other_accounts) {
    rows.push(node("tr", null, node("td", { colspan: 26, class: "quiet" }, `${count(status.other_accounts)} more accounts`)));
  }
  id("calls").replaceChildren(node("thead", null, head), node("tbody", null, ...rows));
}

// The worst of an hour is what is to be seen.
function punch(of, hour) {
  const times = (result) => of[RESULTS.indexOf(result)];
  const worst = Object.keys(MARKS).findLast((result) => times(result) > 0);
  if (!worst) return mark("never", `${two(hour.getHours())} h: no call`);
  const words = Object.keys(MARKS).filter(times).map((result) => `${times(result)} ${MARKS[result].words}`);
  // Fetched mail outshines an hour of finding none.
  const kind = worst === "no_mail" && times("ok") ? "ok" : MARKS[worst].mark;
  return mark(kind, `${two(hour.getHours())} h: ${words.join(", ")}`);
}

function sessions(status, now) {
  const heads = [["began", ""], ["account", ""], ["from", ""], ["TLS", ""], ["result", ""], ["delivered", "n"],
    ["deferred", "n"], ["refused", "n"], ["size", "n"], ["took", "n"]];
  const head = node("tr", null, ...heads.map(([words, kind]) => node("th", { scope: "col", class: kind || null }, words)));
  const rows = status.sessions.map((session) => {
    const result = MARKS[session.result] || { words: session.result, tone: "" };
    return node("tr", null,
      node("td", { title: session.id }, moment(session.began, now)),
      node("th", { scope: "row" }, bdi(session.account)),
      node("td", null, bdi(session.ip), " ", node("span", { class: "quiet" }, bdi(session.helo))),
      node("td", null, session.tls || "none"),
      node("td", { class: "result " + result.tone }, result.words),
      ...[session.delivered, session.deferred, session.refused].map((n) => node("td", { class: "n" }, count(n))),
      node("td", { class: "n" }, size(session.bytes)),
      node("td", { class: "n" }, session.took_ms < 1000 ? session.took_ms + " ms" : span(session.took_ms / 1000)));
  });
  if (!rows.length) rows.push(node("tr", null, node("td", { colspan: 10, class: "quiet" }, "Nobody has called since the start.")));
  id("sessions").replaceChildren(node("thead", null, head), node("tbody", null, ...rows));
}

function draw(status) {
  const now = new Date(status.at);
  document.title = `${count(status.totals.messages)} waiting – ${status.name}`;
  id("name").textContent = status.name;
  id("state").textContent = status.accepts ? "takes mail" : "refuses mail";
  id("state").className = "pill " + (status.accepts ? "good" : "bad");
  const open = status.active_sessions;
  id("about").textContent = `odmrd ${status.version}, up ${span(status.uptime_s)}, ` +
    `${count(open)} open session${open === 1 ? "" : "s"}`;
  tiles(status);
  depth(status.depth);
  ages(status);
  calls(status, now);
  sessions(status, now);
  id("updated").textContent = `As of ${day(now)} ${clock(now)}, this browser's time. Drawn anew every minute.`;
  document.querySelector("main").hidden = false;
}

let wanted = "24h";
let last = null;

async function look() {
  try {
    const answer = await fetch("/status.json?window=" + wanted, { cache: "no-store", credentials: "same-origin" });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    draw(await answer.json());
    last = new Date();
    id("trouble").hidden = true;
  } catch (fault) {
    id("trouble").textContent = `odmrd cannot be asked (${fault.message})` + (last ? `; what you see is of ${clock(last)}.` : ".");
    id("trouble").hidden = false;
  }
  document.body.dataset.drawn = wanted;
}

id("windows").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  wanted = button.dataset.window;
  for (const other of id("windows").children) other.setAttribute("aria-pressed", String(other === button));
  look();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
setInterval(() => { if (!document.hidden) look(); }, EVERY);
key();
look();
