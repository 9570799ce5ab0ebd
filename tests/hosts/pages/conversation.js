// The conversation that every test host tells in its own way.
"use strict";

const CUSTOMER = { id: 35, name: "Jana Kos", email: "jana.kos@example.com" };
const AGENT = { id: 7, name: "Ana Lipa", email: "ana@lipa.example" };
const TURNS = [
  { id: 101, by: "customer", text: "Dober dan, PIN-a za paketnik nisem dobila." },
  { id: 102, by: "agent", text: "Dober dan, preverjam. Kdaj ste prejeli obvestilo?" },
  { id: 103, by: "note", text: "Interna opomba: stranka je VIP in zamuja s plačilom." },
  { id: 104, by: "activity", text: "Pogovor je bil dodeljen Ani Lipa." },
];
const BEGAN = Date.UTC(2026, 4, 4, 8, 0, 0); // milliseconds

/** Tests call it: another turn of the customer, told as this helpdesk tells. */
function say(text, by = "customer") {
  TURNS.push({ id: 101 + TURNS.length, by, text });
  draw();
  changed();
}

const at = (turn) => new Date(BEGAN + (turn.id - 101) * 60_000);

function draw() {
  const list = document.getElementById("turns");
  list.replaceChildren(
    ...TURNS.map((turn) => {
      const item = document.createElement("li");
      item.textContent = `${turn.by}: ${turn.text}`;
      return item;
    }),
  );
}

document.addEventListener("DOMContentLoaded", draw);
