// Looks for a QR code through the camera.

import { finder } from "./picture.js";

let stream = null;

// look shows what the camera sees until there is a code in it, and returns its
// text, or "" when somebody has stopped it. Its errors are the keys of sentences.
export async function look(video) {
  stopLooking();
  const find = await finder();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    throw new Error(error.name === "NotAllowedError" ? "camera_denied" : "camera_none");
  }
  const own = stream;
  video.srcObject = own;
  video.parentElement.hidden = false;
  await video.play();
  video.scrollIntoView({ block: "nearest" });
  try {
    while (stream === own) {
      const text = find(video, video.videoWidth, video.videoHeight);
      if (text) return text;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return "";
  } finally {
    video.parentElement.hidden = true;
    video.srcObject = null;
    if (stream === own) stopLooking();
    else end(own);
  }
}

export function stopLooking() {
  end(stream);
  stream = null;
}

const end = (one) => one?.getTracks().forEach((track) => track.stop());
