// The official OpenAI SDK for Node, unmodified.
import OpenAI, { APIUserAbortError, NotFoundError, BadRequestError, AuthenticationError } from "openai";
import { Tiktoken } from "js-tiktoken/lite";
import cl100k from "js-tiktoken/ranks/cl100k_base";
import { apiKey, assert, baseURL, check, embeddingModel, model, near, weather } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const tools = [{ type: "function", function: { name: weather.name, description: weather.description, parameters: weather.parameters } }];

await check("openai: R-PAR-01, -02 R-RES-01 chat", async () => {
  const r = await client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello!" }] });
  assert.match(r.id, /^chatcmpl-[A-Za-z0-9]{24,}$/);
  assert.equal(r.choices[0].finish_reason, "stop");
  assert.ok(r.choices[0].message.content.length > 0);
  assert.equal(r.usage.total_tokens, r.usage.prompt_tokens + r.usage.completion_tokens);
});

await check("openai: R-PAR-03, -04 R-STR-01, -06, -13 stream with usage", async () => {
  const stream = await client.chat.completions.create({
    model, stream: true, stream_options: { include_usage: true }, messages: [{ role: "user", content: "Hello!" }],
  });
  let text = "", finish, usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    finish ??= chunk.choices[0]?.finish_reason ?? undefined;
    usage = chunk.usage ?? usage;
  }
  const plain = await client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello!" }] });
  assert.equal(text, plain.choices[0].message.content);
  assert.equal(finish, "stop");
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [plain.usage.prompt_tokens, plain.usage.completion_tokens]);
});

await check("openai: R-PAR-11 R-RPL-01 tool loop of two round trips", async () => {
  const messages = [{ role: "user", content: weather.question }];
  const first = await client.chat.completions.create({ model, messages, tools });
  assert.equal(first.choices[0].finish_reason, "tool_calls");
  const call = first.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, weather.name);
  assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
  messages.push(first.choices[0].message, { role: "tool", tool_call_id: call.id, content: weather.answer });
  const second = await client.chat.completions.create({ model, messages, tools });
  assert.equal(second.choices[0].finish_reason, "stop");
  assert.ok(second.choices[0].message.content.includes(weather.answer), second.choices[0].message.content);
});

await check("openai: R-PAR-11 R-STR-10 R-RPL-01 streamed tool loop through runTools", async () => {
  let asked;
  const runner = client.chat.completions.runTools({
    model, stream: true, messages: [{ role: "user", content: weather.question }],
    tools: [{ type: "function", function: { ...tools[0].function, parse: JSON.parse, function: (args) => { asked = args; return weather.answer; } } }],
  });
  const final = await runner.finalContent();
  assert.equal(typeof asked.city, "string");
  assert.ok(final.includes(weather.answer), final);
});

await check("openai: image as data URL", async () => {
  const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const r = await client.chat.completions.create({
    model, messages: [{ role: "user", content: [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } }] }],
  });
  assert.equal(r.choices[0].finish_reason, "stop");
});

for (const [model, size] of [
  ["amazon.titan-embed-text-v1", 1536], ["amazon.titan-embed-text-v2:0", 1024], ["cohere.embed-english-v3", 1024],
  ["cohere.embed-multilingual-v3", 1024], ["cohere.embed-v4:0", 1536], ["amazon.nova-2-multimodal-embeddings-v1:0", 3072],
]) {
  await check(`openai: R-EMB-01, -03, -04, -18 embeddings, base64 by default equal to floats, ${model}`, async () => {
    const input = ["the cat sat on the mat", "a dog in the garden"];
    const packed = await client.embeddings.create({ model, input });
    const floats = await client.embeddings.create({ model, input, encoding_format: "float" });
    assert.deepEqual(packed.data.map((d) => [d.index, d.embedding.length]), [[0, size], [1, size]]);
    packed.data.forEach((d, i) => near(d.embedding, floats.data[i].embedding));
    assert.notDeepEqual(packed.data[0].embedding, packed.data[1].embedding);
    assert.deepEqual(packed.usage, floats.usage);
    assert.ok(floats.usage.prompt_tokens > 0);
  });
}

// LangChain for Python sends tokens instead of text unless it is told not to.
await check("openai: R-EMB-01, -02 embeddings of token arrays", async () => {
  const input = ["the cat sat on the mat", "Grüße aus Zürich 🐈"];
  const encoding = new Tiktoken(cl100k);
  const tokens = input.map((text) => encoding.encode(text));
  const texts = await client.embeddings.create({ model: embeddingModel, input });
  const lists = await client.embeddings.create({ model: embeddingModel, input: tokens });
  assert.deepEqual(lists.data.map((d) => d.index), [0, 1]);
  lists.data.forEach((d, i) => near(d.embedding, texts.data[i].embedding));
  const single = await client.embeddings.create({ model: embeddingModel, input: tokens[1], encoding_format: "float" });
  assert.equal(single.data.length, 1);
  near(single.data[0].embedding, texts.data[1].embedding);
});

await check("openai: R-ERR-01, -80 R-PAR-07, -23 errors", async () => {
  await assert.rejects(client.chat.completions.create({ model: "no-such-model", messages: [{ role: "user", content: "hi" }] }),
    (err) => err instanceof NotFoundError && err.code === "model_not_found" && err.param === "model");
  await assert.rejects(client.chat.completions.create({ model, temperature: 9, messages: [{ role: "user", content: "hi" }] }),
    (err) => err instanceof BadRequestError && err.code === "decimal_above_max_value" && err.param === "temperature");
  await assert.rejects(client.chat.completions.create({ model, logprobs: true, messages: [{ role: "user", content: "hi" }] }),
    (err) => err instanceof BadRequestError && err.code === "unsupported_parameter" && err.param === "logprobs");
  if (process.env.OPENAI_API_KEY) {
    await assert.rejects(new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list(), (err) => err instanceof AuthenticationError);
  }
});

await check("openai: abort in mid-stream", async () => {
  const controller = new AbortController();
  const stream = await client.chat.completions.create(
    { model, stream: true, messages: [{ role: "user", content: "Slowly count to 5000, please." }] }, { signal: controller.signal });
  let chunks = 0;
  try {
    for await (const _ of stream) if (++chunks === 2) controller.abort();
  } catch (err) {
    assert.ok(err instanceof APIUserAbortError, String(err));
  }
  assert.equal(chunks, 2);
  const after = await client.chat.completions.create({ model, messages: [{ role: "user", content: "Still there?" }] });
  assert.equal(after.choices[0].finish_reason, "stop");
});

await check("openai: R-MOD-01, -03 models", async () => {
  const ids = [];
  for await (const m of client.models.list()) ids.push(m.id);
  assert.ok(ids.includes(model), ids.join());
  assert.equal((await client.models.retrieve(model)).id, model);
});
