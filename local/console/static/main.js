// Asks the server every two seconds and shows what has changed.
import { showAlarms } from "./alarms.js";
import { showBrokers } from "./brokers.js";
import { showFaults } from "./faults.js";
import { clock, keepAgesCurrent } from "./format.js";
import { showLetters } from "./letters.js";
import { showPath } from "./path.js";
import * as points from "./points.js";
import { showFreshness, showProblems, showVerdict } from "./problems.js";
import { get } from "./server.js";
import { showTiles } from "./tiles.js";
import { showTopics } from "./topics.js";

const INTERVAL_MS = 2000;
// While an action runs.
const SHORT_INTERVAL_MS = 500;
let timer = 0;
let answered = 0;

async function ask() {
  clearTimeout(timer);
  let interval = INTERVAL_MS;
  try {
    const state = await get(`/api/state?after=${points.newest()}`);
    answered = state.now;
    points.add(state.points);
    show(state);
    if (state.actions.some((outcome) => !outcome.ended)) interval = SHORT_INTERVAL_MS;
  } catch (error) {
    showVerdict(null, answered ? `${error.message} What is below is of ${clock(answered)}.` : error.message);
    console.warn(error);
  }
  timer = setTimeout(ask, interval);
}

function show(state) {
  showVerdict(state);
  showFreshness(state);
  showTiles(state);
  showProblems(state);
  showPath(state);
  showFaults(state, ask);
  showBrokers(state);
  showLetters(state);
  showTopics(state);
  showAlarms(state);
  document.body.dataset.ready = "true";
}

keepAgesCurrent();
ask();
