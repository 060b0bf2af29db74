// What time it is: this computer's clock, corrected if the host of this page has
// just said that it is wrong. The page itself may ask nobody; its service worker
// asks the host.

// tolerated is how far a clock may lie off before we speak of it. The servers
// that check codes allow more.
const tolerated = 10_000;
const slowest = 3_000; // an answer that takes longer tells too little

let offset = 0;

export const now = () => Date.now() + offset;

// measure asks, and returns how many milliseconds this computer's clock is ahead
// of the host: 0 if that is little, or nobody knows.
export async function measure() {
  const answer = await ask();
  const ahead = answer ? (answer.before + answer.after) / 2 - answer.date : 0;
  offset = Math.abs(ahead) > tolerated ? -ahead : 0;
  return -offset;
}

async function ask() {
  const worker = (await navigator.serviceWorker?.ready)?.active;
  if (!worker) return null;
  const answer = await new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage("time", [channel.port2]);
  });
  return answer && answer.after - answer.before <= slowest ? answer : null;
}

// onJump calls listener when somebody sets the clock while the page is open, or
// the computer wakes up.
export function onJump(listener) {
  let before = Date.now() - performance.now();
  return () => {
    const difference = Date.now() - performance.now();
    const jumped = Math.abs(difference - before) > 2_000;
    before = difference;
    if (jumped) {
      offset = 0;
      listener();
    }
  };
}
