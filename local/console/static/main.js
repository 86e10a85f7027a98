// Asks the server every two seconds and shows what has changed.
import { showAlarms } from "./alarms.js";
import { showBrokers } from "./brokers.js";
import { showFaults } from "./faults.js";
import { keepAgesCurrent } from "./format.js";
import { showLetters } from "./letters.js";
import { showPath } from "./path.js";
import * as points from "./points.js";
import { showFreshness, showProblems, showVerdict } from "./problems.js";
import { get } from "./server.js";
import { showTiles } from "./tiles.js";
import { showTopics } from "./topics.js";

const INTERVAL_MS = 2000;
let timer = 0;

async function ask() {
  clearTimeout(timer);
  try {
    const state = await get(`/api/state?after=${points.newest()}`);
    points.add(state.points);
    show(state);
  } catch (error) {
    showVerdict(null, error.message);
    console.warn(error);
  }
  timer = setTimeout(ask, INTERVAL_MS);
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
