// Structured output with the official OpenAI SDK for Node and Zod, on a model of each way to get there: its own JSON mode, a forced
// tool, and an instruction.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { abort, all, apiKey, assert, baseURL, check, weather } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const City = z.object({ name: z.string(), people: z.number().int().min(0), rivers: z.array(z.string()) });
const messages = [{ role: "user", content: "Tell me about Oslo." }];

for (const [way, model] of [
  ["native", "anthropic.claude-haiku-4-5-20251001-v1:0"], ["tool", "amazon.nova-lite-v1:0"], ["instruction", "meta.llama3-3-70b-instruct-v1:0"],
]) {
  const ask = { model, messages, response_format: zodResponseFormat(City, "city") };
  let plain;

  await check(`structured: R-PAR-16 R-FMT-02, -05, -11 parse, ${way}`, async () => {
    const { data: r, response } = await client.chat.completions.parse(ask).withResponse();
    const adjusted = response.headers.get("x-outcrop-adjusted") ?? "";
    assert.equal(adjusted.includes("response_format:best_effort"), way === "instruction", adjusted);
    plain = r.choices[0].message.parsed;
    assert.deepEqual(City.parse(plain), plain);
    assert.equal(plain.name, "Oslo");
    assert.equal(r.choices[0].finish_reason, "stop");
    assert.ok(!r.choices[0].message.tool_calls?.length);
  });

  await check(`structured: R-PAR-16 R-FMT-02, -05, -11 stream, ${way}`, async () => {
    const stream = client.chat.completions.stream(ask);
    const seen = [];
    stream.on("content.delta", ({ snapshot }) => seen.push(snapshot));
    const r = await stream.finalChatCompletion();
    assert.deepEqual(r.choices[0].message.parsed, plain);
    assert.deepEqual(JSON.parse(seen.at(-1)), plain);
  });
}

// A model without a JSON mode cannot be forced to a tool while the client has tools of its own: an instruction does it then.
await check("structured: R-FMT-06 beside tools that may be called", async () => {
  const tools = [{ type: "function", function: { name: weather.name, strict: true, description: weather.description, parameters: weather.parameters } }];
  const ask = { model: "amazon.nova-pro-v1:0", tools, response_format: zodResponseFormat(City, "city") };
  const { data, response } = await client.chat.completions.create({ ...ask, messages }).withResponse();
  assert.match(response.headers.get("x-outcrop-adjusted"), /response_format:best_effort/);
  assert.equal(City.parse(JSON.parse(data.choices[0].message.content)).name, "Oslo");
  // Required, because a model that says something before a free call says no JSON, and parse() throws at it.
  const called = await client.chat.completions.parse({ ...ask, tool_choice: "required", messages: [{ role: "user", content: weather.question }] });
  assert.deepEqual(called.choices[0].message.tool_calls[0].function.parsed_arguments, { city: "Paris" });
});

for (const model of ["amazon.nova-lite-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0", "meta.llama3-3-70b-instruct-v1:0"]) {
  await check(`structured: R-FMT-10 json_object, ${model}`, async () => {
    const ask = { model, messages, response_format: { type: "json_object" } };
    const { data, response } = await client.chat.completions.create(ask).withResponse();
    assert.equal(response.headers.get("x-outcrop-adjusted"), "response_format:best_effort");
    const { message, finish_reason } = data.choices[0];
    assert.match(JSON.parse(message.content).answer, /Oslo/); // the model puts a fence around it, which is gone
    assert.deepEqual([finish_reason, message.tool_calls], ["stop", undefined]);
    const chunks = await all(await client.chat.completions.create({ ...ask, stream: true }));
    assert.equal(chunks.map((c) => c.choices[0].delta.content ?? "").join(""), message.content);
  });
}

await check("structured: abort in mid-stream", () => abort(client, { model: "amazon.nova-lite-v1:0" }));
