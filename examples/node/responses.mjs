// The Responses API through openai for Node, the OpenAI Agents SDK in its default mode, LangChain and the Vercel AI SDK,
// all unmodified and without anything that is kept at the gateway.
import OpenAI from "openai";
import { zodResponsesFunction, zodTextFormat } from "openai/helpers/zod";
import { Agent, run, setDefaultOpenAIClient, setTracingDisabled, tool as agentTool } from "@openai/agents";
import { ChatOpenAI } from "@langchain/openai";
import { tool as langchainTool } from "@langchain/core/tools";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { z } from "zod";
import { apiKey, assert, baseURL, check, model, weather } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const fn = { type: "function", name: weather.name, description: weather.description, parameters: weather.parameters, strict: true };

await check("responses: R-RSP-10, -12, -71 an answer", async () => {
  const r = await client.responses.create({ model, input: "Hello there!", instructions: "Greet.", max_output_tokens: 200, metadata: { a: "b" } });
  assert.match(r.id, /^resp_[0-9a-f]{32}$/);
  assert.equal(r.status, "completed");
  assert.match(r.output_text, /You said: Hello there!/);
  assert.match(r.output_text, /and a system prompt/);
  assert.equal(r.usage.total_tokens, r.usage.input_tokens + r.usage.output_tokens);
  assert.deepEqual(r.metadata, { a: "b" });
});

await check("responses: R-RSP-13, -80 to -82 a stream", async () => {
  const stream = await client.responses.create({ model, input: "Hello there!", stream: true });
  let text = "", n = 0, last;
  for await (const event of stream) {
    assert.equal(event.sequence_number, n++);
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.equal(last.type, "response.completed");
  assert.equal(last.response.output[0].content[0].text, text);
});

await check("responses: R-RSP-82 the stream helper", async () => {
  const stream = client.responses.stream({ model, input: weather.question, tools: [fn] });
  const final = await stream.finalResponse();
  assert.deepEqual(JSON.parse(final.output.find((item) => item.type === "function_call").arguments), { city: "Paris" });
});

await check("responses: R-RSP-44, -45, -60, -67 a tool loop of two round trips", async () => {
  const input = [{ role: "user", content: weather.question }];
  const first = await client.responses.create({ model, input, tools: [fn], store: false });
  const call = first.output.find((item) => item.type === "function_call");
  input.push(...first.output, { type: "function_call_output", call_id: call.call_id, output: weather.answer });
  const second = await client.responses.create({ model, input, tools: [fn], store: false });
  assert.ok(second.output_text.includes(weather.answer), second.output_text);
});

await check("responses: R-RSP-61, -65 a custom tool", async () => {
  const r = await client.responses.create({ model, input: "Run it.", tools: [{ type: "custom", name: "run" }], tool_choice: { type: "custom", name: "run" } });
  assert.equal(r.output[0].type, "custom_tool_call");
  assert.equal(typeof r.output[0].input, "string");
});

await check("responses: R-RSP-19 parse of structured output", async () => {
  const City = z.object({ name: z.string(), people: z.number() });
  const r = await client.responses.parse({ model, input: "Tell me about Oslo.", text: { format: zodTextFormat(City, "city") } });
  assert.equal(r.output_parsed.name, "Oslo");
});

await check("responses: R-RSP-60 parse of a call", async () => {
  const r = await client.responses.parse({ model, input: weather.question, tools: [zodResponsesFunction({ name: weather.name, parameters: z.object({ city: z.string() }) })] });
  assert.deepEqual(r.output.find((item) => item.type === "function_call").parsed_arguments, { city: "Paris" });
});

const thinker = "anthropic.claude-sonnet-4-5-20250929-v1:0";
await check("responses: R-RSP-50 to -55 reasoning goes out and comes back", async () => {
  const input = [{ role: "user", content: weather.question }];
  const ask = { model: thinker, tools: [fn], store: false, reasoning: { effort: "low", summary: "auto" }, include: ["reasoning.encrypted_content"] };
  const first = await client.responses.create({ ...ask, input });
  assert.equal(first.output[0].type, "reasoning");
  assert.ok(first.output[0].encrypted_content.startsWith("oc1."));
  assert.ok(first.output[0].summary[0].text.length > 0);
  const call = first.output.find((item) => item.type === "function_call");
  const second = await client.responses.create({ ...ask, input: [...input, ...first.output, { type: "function_call_output", call_id: call.call_id, output: weather.answer }] });
  assert.ok(second.output_text.includes(weather.answer), second.output_text);
});

await check("responses: R-RSP-64, -83 errors", async () => {
  await assert.rejects(client.responses.create({ model, input: "x", tools: [{ type: "file_search", vector_store_ids: ["v"] }] }),
    (err) => err instanceof OpenAI.BadRequestError && err.param === "tools[0].type" && err.code === "unsupported_value");
  await assert.rejects(client.responses.create({ model: "no-such-model", input: "x" }), OpenAI.NotFoundError);
});

await check("responses: R-RSP-86, -88, -111 what is not kept is not found", async () => {
  const r = await client.responses.create({ model, input: "Hi", store: false });
  assert.equal(r.store, false);
  await assert.rejects(client.responses.retrieve(r.id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.delete(r.id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create({ model, input: "Hi", previous_response_id: r.id }),
    (err) => err.code === "previous_response_not_found" && err.param === "previous_response_id");
});

setDefaultOpenAIClient(client);
setTracingDisabled(true); // traces would go to OpenAI
for (const stream of [false, true]) {
  await check(`responses: Agents SDK in its default mode, R-RSP-74${stream ? ", streamed" : ""}`, async () => {
    const asked = [];
    const getWeather = agentTool({ name: weather.name, description: weather.description, parameters: z.object({ city: z.string() }), execute: async ({ city }) => { asked.push(city); return weather.answer; } });
    const result = await run(new Agent({ name: "Helper", instructions: "Use your tools.", model, tools: [getWeather] }), weather.question, { stream });
    if (stream) await result.completed;
    assert.deepEqual(asked, ["Paris"]);
    assert.ok(result.finalOutput.includes(weather.answer), result.finalOutput);
  });
}

await check("responses: LangChain with useResponsesApi", async () => {
  const chat = new ChatOpenAI({ model, apiKey, configuration: { baseURL }, useResponsesApi: true, maxRetries: 0 });
  const lc = langchainTool(async () => weather.answer, { name: weather.name, description: weather.description, schema: z.object({ city: z.string() }) });
  const bound = chat.bindTools([lc]);
  const messages = [{ role: "user", content: weather.question }];
  const first = await bound.invoke(messages);
  assert.deepEqual(first.tool_calls[0].args, { city: "Paris" });
  const second = await bound.invoke([...messages, first, { role: "tool", content: weather.answer, tool_call_id: first.tool_calls[0].id }]);
  assert.ok(second.text.includes(weather.answer), second.text);
  let text = "";
  for await (const chunk of await chat.stream("Hello!")) text += chunk.text;
  assert.match(text, /You said: Hello!/);
});

const openai = createOpenAI({ baseURL, apiKey });
const providerOptions = { openai: { store: false } };
const tools = { [weather.name]: tool({ description: weather.description, inputSchema: z.object({ city: z.string() }), execute: async () => weather.answer }) };
for (const [how, ask] of [["", generateText], [", streamed", streamText]]) {
  await check(`responses: Vercel AI SDK in its default mode${how}`, async () => {
    const r = await ask({ model: openai(model), prompt: weather.question, tools, stopWhen: stepCountIs(4), maxRetries: 0, providerOptions });
    const [steps, text] = [await r.steps, await r.text];
    assert.equal(steps.length, 2);
    assert.ok(text.includes(weather.answer), text);
  });
}

await check("responses: R-RSP-80 abort in mid-stream", async () => {
  const stream = await client.responses.create({ model, input: "Slowly count to 5000, please.", stream: true });
  let pieces = 0;
  try {
    for await (const event of stream) if (event.type === "response.output_text.delta" && ++pieces === 2) stream.controller.abort();
  } catch (err) {
    assert.ok(err instanceof OpenAI.APIUserAbortError, String(err));
  }
  assert.equal(pieces, 2);
});

await check("completions: R-CMP-01, -13 a prompt", async () => {
  const r = await client.completions.create({ model, prompt: "Hello there!", max_tokens: 100 });
  assert.equal(r.object, "text_completion");
  assert.match(r.choices[0].text, /You said: Hello there!/);
  assert.ok(r.usage.total_tokens > 0);
});

await check("completions: R-CMP-03, -07 several prompts with n, echoed", async () => {
  const r = await client.completions.create({ model, prompt: ["First.", "Second."], n: 2, echo: true, max_tokens: 100 });
  assert.deepEqual(r.choices.map((c) => c.index), [0, 1, 2, 3]);
  assert.ok(r.choices.every((c, i) => c.text.startsWith(i < 2 ? "First." : "Second.")), JSON.stringify(r.choices));
  assert.ok(r.choices.every((c, i) => c.text.endsWith(`You said: ${i < 2 ? "First." : "Second."}`)), JSON.stringify(r.choices));
});

await check("completions: R-CMP-11 a stream", async () => {
  let text = "", finish;
  for await (const chunk of await client.completions.create({ model, prompt: "\n\nHuman: Hello there!\n\nAssistant:", max_tokens: 100, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.text ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
  }
  assert.match(text, /You said: Hello there!/);
  assert.equal(finish, "stop");
});
