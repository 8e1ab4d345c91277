// Images and documents with the official OpenAI SDK for Node. The images by http come from a small server in this program, so the
// gateway has to be allowed to fetch from there: media: {allow_http: true, allow_private: [127.0.0.0/8]}.
import { createServer } from "node:http";
import OpenAI, { APIUserAbortError, BadRequestError } from "openai";
import { apiKey, assert, baseURL, check, model } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const dataURL = `data:image/png;base64,${png.toString("base64")}`;
const seen = `Image: png, 1 x 1 px, ${png.length} bytes.`; // what the embedded Bedrock says of it

const text = (t) => ({ type: "text", text: t });
const image = (url, detail) => ({ type: "image_url", image_url: detail ? { url, detail } : { url } });
const file = (filename, bytes, type) => ({ type: "file", file: { filename, file_data: `data:${type};base64,${bytes.toString("base64")}` } });

async function ask(...content) {
  const r = await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
  assert.equal(r.choices[0].finish_reason, "stop");
  return r.choices[0].message.content;
}

const refused = (param, code, ...content) => assert.rejects(ask(...content), (err) => {
  assert.ok(err instanceof BadRequestError, String(err));
  assert.deepEqual([err.param, err.code], [param, code]);
  return true;
});

/** A PDF of one page that says what it is told, with a table of where its objects stand. */
function pdf(words) {
  const page = `BT /F1 24 Tf 72 720 Td (${words}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${page.length} >>\nstream\n${page}\nendstream`, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let body = "%PDF-1.4\n";
  const at = objects.map((o, i) => { const offset = body.length; body += `${i + 1} 0 obj\n${o}\nendobj\n`; return offset; });
  const table = at.map((n) => `${String(n).padStart(10, "0")} 00000 n \n`).join("");
  body += `xref\n0 6\n0000000000 65535 f \n${table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(body, "latin1");
}

const gets = {};
const server = createServer((req, res) => {
  gets[req.url] = (gets[req.url] ?? 0) + 1;
  switch (req.url) {
    case "/pixel": // a wrong type on purpose: the bytes decide
      return res.writeHead(200, { "content-type": "image/jpeg" }).end(png);
    case "/moved":
      return res.writeHead(302, { location: "/pixel" }).end();
    case "/inside": // what a server must never be led to
      return res.writeHead(302, { location: "http://169.254.169.254/latest/meta-data/" }).end();
  }
  return res.writeHead(404).end("no such image");
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const site = `http://127.0.0.1:${server.address().port}`;

await check("media: image by data URL", async () => {
  assert.ok((await ask(text("What is this?"), image(dataURL))).includes(seen));
});

await check("media: R-PART-08 image with detail", async () => {
  const { data, response } = await client.chat.completions.create(
    { model, messages: [{ role: "user", content: [text("What is this?"), image(dataURL, "high")] }] }).withResponse();
  assert.ok(data.choices[0].message.content.includes(seen));
  assert.match(response.headers.get("x-outcrop-adjusted"), /image_url\.detail:ignored/);
});

await check("media: R-PART-03 R-PART-04 image by http, twice in a request, fetched once", async () => {
  const said = await ask(text("Are these the same?"), image(`${site}/pixel`), image(`${site}/pixel`));
  assert.equal(said.split(seen).length - 1, 2, said);
  assert.equal(gets["/pixel"], 1);
});

await check("media: image by http, redirected, streamed", async () => {
  const stream = client.chat.completions.stream({ model, messages: [{ role: "user", content: [text("What is this?"), image(`${site}/moved`)] }] });
  assert.ok((await stream.finalContent()).includes(seen));
});

await check("media: R-ERR-72 images that cannot be had", async () => {
  await refused("messages[0].content[1].image_url.url", "invalid_image_url", text("What is this?"), image(`${site}/none`));
  await refused("messages[0].content[1].image_url.url", "invalid_image_url", text("What is this?"), image(`${site}/inside`));
  await refused("messages[0].content[1].image_url.url", "invalid_image_url", text("What is this?"), image("http://10.0.0.1/pixel"));
});

await check("media: PDF as file", async () => {
  const bytes = pdf("The answer is 42.");
  const said = await ask(text("What does it say?"), file("report of May.pdf", bytes, "application/pdf"));
  assert.ok(said.includes(`Document "report of May": pdf, ${bytes.length} bytes.`), said);
});

await check("media: PDF and image, parts in order", async () => {
  const bytes = pdf("The answer is 43.");
  const said = await ask(image(dataURL), file("second.pdf", bytes, "application/pdf"), text("Compare them."));
  assert.ok(said.endsWith(`${seen}\nDocument "second": pdf, ${bytes.length} bytes.`), said);
});

await check("media: R-PART-07 image for a model that does not see", () => assert.rejects(
  client.chat.completions.create({ model: "amazon.nova-micro-v1:0", messages: [{ role: "user", content: [text("?"), image(dataURL)] }] }),
  (err) => err instanceof BadRequestError && err.code === "unsupported_value" && err.param === "messages[0].content[1]"));

await check("media: abort in mid-stream", async () => {
  const stream = await client.chat.completions.create({
    model, stream: true, messages: [{ role: "user", content: [image(`${site}/pixel`), text("Slowly count to 5000, please.")] }] });
  let chunks = 0;
  try {
    for await (const _ of stream) if (++chunks === 2) stream.controller.abort();
  } catch (err) {
    assert.ok(err instanceof APIUserAbortError, String(err));
  }
  assert.equal(chunks, 2);
});

server.close();
server.closeAllConnections();
