// Finds the QR code in a picture.

const largest = 3000; // pixels of a side: the reader takes no more than 4096
const edge = 24; // white around the picture, for codes that were cut out too tightly

// reader is fetched when the first picture comes.
async function reader() {
  try {
    return (await import("./qr.js")).decodeQR;
  } catch {
    throw new Error("no_reader");
  }
}

// readPicture returns the text of the QR code in a file. Its errors are the keys
// of sentences.
export async function readPicture(file) {
  const decode = await reader();
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error("no_picture");
  }
  // What is too small or too large for the reader is often right at another size.
  for (const times of [1, 2, 0.5]) {
    const text = readFrom(decode, picture, picture.width * times, picture.height * times);
    if (text) return text;
  }
  throw new Error("no_code_in_picture");
}

// finder returns a function that reads pictures one after the other, as a camera
// gives them, and returns "" for those without a code.
export async function finder() {
  const decode = await reader();
  return (picture, width, height) => readFrom(decode, picture, width, height);
}

function readFrom(decode, picture, width, height) {
  const scale = Math.min(1, largest / Math.max(width, height));
  const [w, h] = [width, height].map((size) => Math.max(1, Math.round(size * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width: w + 2 * edge, height: h + 2 * edge });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, edge, edge, w, h);
  try {
    return decode(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return ""; // that is how the reader says that there is none
  }
}
