// Reads migration codes, a JSON list on standard input, and writes what is in
// them, a list on standard output: the accounts as gauth-decode finds them, and
// which fields the message has beside them, as protobufjs finds them.
const { decodeMigrationUri } = require("gauth-decode");
const { Reader } = require("protobufjs");
const { readFileSync } = require("node:fs");

function numbers(uri) {
  const reader = Reader.create(Buffer.from(new URL(uri).searchParams.get("data"), "base64"));
  const found = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 0) found[tag >>> 3] = reader.int32();
    else reader.skipType(tag & 7);
  }
  return found;
}

(async () => {
  const codes = [];
  for (const uri of JSON.parse(readFileSync(0, "utf8"))) {
    codes.push({ accounts: await decodeMigrationUri(uri), numbers: numbers(uri) });
  }
  process.stdout.write(JSON.stringify(codes));
})();
