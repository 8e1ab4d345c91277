// The OpenAI Agents SDK, unmodified, in chat-completions mode: a tool, a hand-off from one agent to another, and structured output.
import { Agent, run, setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";
import { apiKey, assert, baseURL, check, model, weather } from "./check.mjs";

setDefaultOpenAIClient(new OpenAI({ baseURL, apiKey, maxRetries: 0 }));
setOpenAIAPI("chat_completions");
setTracingDisabled(true); // traces would go to OpenAI

const asked = [];
const getWeather = tool({
  name: weather.name, description: weather.description, parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => { asked.push(city); return weather.answer; },
});
const forecaster = new Agent({
  name: "Weather expert", instructions: "You tell the weather.", handoffDescription: "Knows the weather", model, tools: [getWeather],
  modelSettings: { toolChoice: "required" }, // for its first call; the SDK resets it after a tool was used
});
const reception = new Agent({ name: "Reception", instructions: "You hand each question to who knows.", model, handoffs: [forecaster] });

/** Runs an agent to its end, plain and streamed, with the kinds of items that came up on the way. */
async function plain(agent, input, options) {
  const result = await run(agent, input, options);
  return [result, result.newItems.map((i) => i.type)];
}
async function streamed(agent, input, options) {
  const result = await run(agent, input, { ...options, stream: true });
  let text = "";
  for await (const event of result) if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta") text += event.data.delta;
  await result.completed;
  assert.ok(text.includes(result.finalOutput), text);
  return [result, result.newItems.map((i) => i.type)];
}

for (const [how, go] of [["plain", plain], ["streamed", streamed]]) {
  await check(`agents: R-MSG-02 an answer, ${how}`, async () => {
    const [result] = await go(new Agent({ name: "Greeter", instructions: "Greet.", model }), "Hello there!");
    assert.match(result.finalOutput, /You said: Hello there!/);
    assert.match(result.finalOutput, /and a system prompt/);
  });

  await check(`agents: R-PAR-11 a tool, ${how}`, async () => {
    asked.length = 0;
    const [result, items] = await go(new Agent({ name: "Helper", instructions: "Use your tools.", model, tools: [getWeather] }), weather.question);
    assert.deepEqual(asked, ["Paris"]);
    assert.deepEqual(items.filter((t) => t !== "message_output_item"), ["tool_call_item", "tool_call_output_item"]);
    assert.ok(result.finalOutput.includes(weather.answer), result.finalOutput);
  });

  await check(`agents: R-PAR-11, -12 a hand-off, then a tool, ${how}`, async () => {
    asked.length = 0;
    const [result, items] = await go(reception, "Please hand my question about the weather in Paris over to your expert.");
    assert.equal(result.lastAgent.name, forecaster.name);
    assert.deepEqual(asked, ["Paris"]);
    assert.deepEqual(items.filter((t) => t !== "message_output_item"),
      ["handoff_call_item", "handoff_output_item", "tool_call_item", "tool_call_output_item"]);
    assert.ok(result.finalOutput.includes(weather.answer), result.finalOutput);
  });
}

await check("agents: R-PAR-16 structured output", async () => {
  const City = z.object({ name: z.string(), people: z.number() });
  const result = await run(new Agent({ name: "Geographer", instructions: "Answer.", model, outputType: City }), "Tell me about Oslo.");
  assert.equal(City.parse(result.finalOutput).name, "Oslo");
});

await check("agents: the default model of the SDK", async () => {
  const result = await run(new Agent({ name: "Greeter", instructions: "Greet." }), "Hello there!");
  assert.match(result.finalOutput, /You said: Hello there!/);
});

await check("agents: the conversation goes on", async () => {
  const first = await run(new Agent({ name: "Helper", instructions: "Use your tools.", model, tools: [getWeather] }), weather.question);
  const second = await run(new Agent({ name: "Greeter", model }), [...first.history, { role: "user", content: "Goodbye!" }]);
  assert.match(second.finalOutput, /You said: Goodbye!/);
});

await check("agents: abort in mid-stream", async () => {
  const controller = new AbortController();
  const result = await run(new Agent({ name: "Counter", model }), "Slowly count to 5000, please.", { stream: true, signal: controller.signal });
  let pieces = 0;
  try {
    for await (const event of result) if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta" && ++pieces === 2) controller.abort();
  } catch (err) {
    assert.match(String(err), /abort/i);
  }
  assert.ok(pieces >= 2 && pieces < 50, `${pieces} pieces`);
});
