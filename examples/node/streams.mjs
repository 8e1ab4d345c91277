// Streams with the official OpenAI SDK for Node: parallel tools, several choices, usage, aborts, and what the SDK's own helper
// folds out of the chunks. The gateway has to lose its patience soon for one check: stream: {keep_alive: 150ms}.
import OpenAI, { APIUserAbortError } from "openai";
import { abort, all, apiKey, assert, baseURL, check, model, weather } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const hello = [{ role: "user", content: "Hello!" }];
const functionTool = (name, description, property) => ({
  type: "function",
  function: { name, description, parameters: { type: "object", properties: { [property]: { type: "string" } }, required: [property], additionalProperties: false } },
});
const tools = [functionTool(weather.name, weather.description, "city"), functionTool("get_population", "Counts the people of a city", "city")];
const both = [{ role: "user", content: "What are the weather and the population of Paris?" }];
const totals = (usage) => [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];

/** A client, and what it hears: the text of its answers as it came. */
function listening() {
  const heard = { text: "" };
  const fetchAndHear = async (...args) => {
    const response = await fetch(...args);
    const decoder = new TextDecoder();
    const hear = new TransformStream({ transform(bytes, to) { heard.text += decoder.decode(bytes, { stream: true }); to.enqueue(bytes); } });
    return new Response(response.body.pipeThrough(hear), response);
  };
  return [new OpenAI({ baseURL, apiKey, maxRetries: 0, fetch: fetchAndHear }), heard];
}

await check("streams: R-STR-10, -12, -13 parallel tools, chunk by chunk", async () => {
  const chunks = await all(await client.chat.completions.create({ model, messages: both, tools, stream: true }));
  const deltas = chunks.flatMap((c) => c.choices).flatMap((c) => c.delta.tool_calls ?? []);
  const calls = [];
  for (const d of deltas) {
    if (d.id) {
      assert.equal(d.index, calls.length); // a call begins once, in order
      assert.equal(d.type, "function");
      calls.push({ id: d.id, name: d.function.name, arguments: "" });
    }
    calls[d.index].arguments += d.function.arguments;
  }
  assert.deepEqual(calls.map((c) => c.name), tools.map((t) => t.function.name));
  assert.equal(new Set(calls.map((c) => c.id)).size, 2);
  for (const c of calls) assert.deepEqual(JSON.parse(c.arguments), { city: "Paris" });
  assert.deepEqual(chunks.flatMap((c) => c.choices).map((c) => c.finish_reason).filter(Boolean), ["tool_calls"]);
});

await check("streams: R-STR-10 R-RPL-01 parallel tools, both answered by runTools", async () => {
  const asked = [];
  const runnable = tools.map(({ function: f }) => ({
    type: "function", function: { ...f, parse: JSON.parse, function: ({ city }) => { asked.push(`${f.name} ${city}`); return f.name === weather.name ? weather.answer : "2102650 people"; } },
  }));
  const final = await client.chat.completions.runTools({ model, messages: both, tools: runnable, stream: true }).finalContent();
  assert.deepEqual(asked.sort(), ["get_population Paris", "get_weather Paris"]);
  assert.ok(final.includes(weather.answer) && final.includes("2102650 people"), final);
});

await check("streams: R-PAR-13 R-CHO-08 parallel_tool_calls false", async () => {
  const r = await client.chat.completions.stream({ model, messages: both, tools, parallel_tool_calls: false }).finalChatCompletion();
  assert.equal(r.choices[0].message.tool_calls.length, 1);
});

await check("streams: R-N-01, -03 R-PAR-10 R-RES-01 R-STR-07, -13 n=2", async () => {
  const one = await client.chat.completions.create({ model, messages: hello });
  const chunks = await all(await client.chat.completions.create({ model, messages: hello, n: 2, stream: true, stream_options: { include_usage: true } }));
  assert.equal(new Set(chunks.map((c) => c.id)).size, 1);
  for (const index of [0, 1]) {
    const mine = chunks.flatMap((c) => c.choices).filter((c) => c.index === index);
    assert.equal(mine[0].delta.role, "assistant");
    assert.equal(mine.map((c) => c.delta.content ?? "").join(""), one.choices[0].message.content);
    assert.deepEqual(mine.map((c) => c.finish_reason).filter(Boolean), ["stop"]);
  }
  assert.deepEqual(totals(chunks.at(-1).usage), totals(one.usage).map((n) => 2 * n));
});

await check("streams: R-N-01 R-PAR-10 R-STR-12 n=2 with tools, folded by the SDK", async () => {
  const r = await client.chat.completions.stream({ model, messages: both, tools, n: 2 }).finalChatCompletion();
  assert.deepEqual(r.choices.map((c) => c.index), [0, 1]);
  for (const { message, finish_reason } of r.choices) {
    assert.equal(finish_reason, "tool_calls");
    assert.deepEqual(message.tool_calls.map((c) => [c.function.name, c.function.arguments]), tools.map((t) => [t.function.name, '{"city":"Paris"}']));
  }
});

await check("streams: R-PAR-04 R-STR-06 stream_options.include_usage", async () => {
  const plain = await client.chat.completions.create({ model, messages: hello });
  const chunks = await all(await client.chat.completions.create({ model, messages: hello, stream: true, stream_options: { include_usage: true } }));
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.deepEqual(totals(last.usage), totals(plain.usage));
  for (const c of chunks) assert.equal(c.usage, null); // a member of every chunk, as OpenAI has it
  const without = await all(await client.chat.completions.create({ model, messages: hello, stream: true }));
  for (const c of without) assert.ok(!("usage" in c) && c.choices.length === 1);
});

await check("streams: R-STR-04 keep-alives between chunks", async () => {
  const [listener, heard] = listening();
  const ask = { messages: hello, max_tokens: 8, stream: true, stream_options: { include_usage: true } };
  const slow = await all(await listener.chat.completions.create({ ...ask, model: "amazon.nova-lite-v1:0+pace=300ms" }));
  const events = heard.text.split("\n\n");
  assert.equal(events.pop(), ""); // each ended with an empty line
  const comments = events.filter((e) => e === ": keep-alive");
  assert.ok(comments.length >= 3, `${comments.length} comments`); // one in each pause
  assert.equal(comments.length + events.filter((e) => e.startsWith("data: ") && !e.includes("\n")).length, events.length);
  // The SDK saw none of them: what it made of the stream is what a quick one makes.
  const quick = await all(await client.chat.completions.create({ ...ask, model: "amazon.nova-lite-v1:0" }));
  const told = (chunks) => chunks.map((c) => [c.choices[0]?.delta, c.choices[0]?.finish_reason, c.usage]);
  assert.deepEqual(told(slow), told(quick));
});

await check("streams: R-STR-14 [DONE] after the last choice, with usage or without", async () => {
  const whole = await client.chat.completions.create({ model: "amazon.nova-lite-v1:0", messages: hello });
  for (const [fault, n] of [["", 1], ["", 3], ["+nometa", 1], ["+nometa", 2]]) { // the fault: Bedrock never tells the usage
    const [listener, heard] = listening();
    const ask = { model: `amazon.nova-lite-v1:0${fault}`, messages: hello, n, stream: true, stream_options: { include_usage: true } };
    const chunks = await all(await listener.chat.completions.create(ask)); // nothing is thrown: the answer is complete
    const choices = chunks.flatMap((c) => c.choices);
    for (let i = 0; i < n; i++) {
      const mine = choices.filter((c) => c.index === i);
      assert.equal(mine.map((c) => c.delta.content ?? "").join(""), whole.choices[0].message.content);
      assert.equal(mine.at(-1).finish_reason, "stop");
    }
    assert.equal(chunks.filter((c) => c.usage).length, fault ? 0 : 1);
    assert.equal(heard.text.split("data: [DONE]\n\n").length, 2);
    assert.ok(heard.text.endsWith("\n\ndata: [DONE]\n\n"));
  }
});

await check("streams: R-STR-20 a model that cannot stream with tools", async () => {
  const ask = { model: "meta.llama3-1-8b-instruct-v1:0", messages: both, tools };
  const plain = await client.chat.completions.create(ask);
  const { data, response } = await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }).withResponse();
  assert.equal(response.headers.get("x-outcrop-adjusted"), "stream:synthesised");
  const chunks = await all(data);
  const { content, tool_calls } = plain.choices[0].message;
  const [role, text, ...rest] = chunks.filter((c) => c.choices.length).map((c) => c.choices[0]);
  assert.deepEqual([role.delta, text.delta], [{ role: "assistant", content: "", refusal: null }, { content }]); // a part, a delta
  assert.equal(rest.pop().finish_reason, "tool_calls");
  assert.deepEqual(rest.flatMap((c) => c.delta.tool_calls).map((c) => c.function.name ?? c.function.arguments),
    tool_calls.flatMap((c) => [c.function.name, c.function.arguments]));
  assert.deepEqual(totals(chunks.at(-1).usage), totals(plain.usage));
  const folded = await client.chat.completions.stream(ask).finalChatCompletion();
  assert.deepEqual(folded.choices[0].message.tool_calls.map((c) => c.function.arguments), tool_calls.map((c) => c.function.arguments));
  // The same model streams by itself where no tool is in the way.
  const { data: words, response: streamed } = await client.chat.completions.create({ model: ask.model, messages: hello, stream: true }).withResponse();
  assert.equal(streamed.headers.get("x-outcrop-adjusted"), null);
  assert.ok((await all(words)).length > 5);
});

await check("streams: abort in mid-stream", () => abort(client, { model }));
await check("streams: abort in mid-stream, n=2", () => abort(client, { model, n: 2 }));

await check("streams: abort before the first byte", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 100);
  const begin = Date.now();
  await assert.rejects(client.chat.completions.create({ model: "amazon.nova-lite-v1:0+silent", messages: hello }, { signal: controller.signal }), APIUserAbortError);
  assert.ok(Date.now() - begin < 5000);
});
