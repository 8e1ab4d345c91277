// Tools through the official OpenAI SDK for Node, where it gets difficult: names that Bedrock does not take, no choice, histories
// that outlive their tools, the older functions and function_call, and the members that a message has or has not.
import OpenAI, { BadRequestError } from "openai";
import { abort, all, apiKey, assert, baseURL, check, weather } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const nova = "amazon.nova-lite-v1:0", claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const definition = { name: weather.name, description: weather.description, parameters: weather.parameters };
const tools = [{ type: "function", function: definition }], functions = [definition];
const question = { role: "user", content: weather.question };

async function ask(params) {
  const { data, response } = await client.chat.completions.create({ model: nova, messages: [question], ...params }).withResponse();
  const choice = data.choices[0];
  return { choice, message: choice.message, finish: choice.finish_reason, adjusted: response.headers.get("x-outcrop-adjusted") };
}

/** The same request streamed, folded by the SDK's own helper. */
const folded = async (params) => (await client.chat.completions.stream({ model: nova, messages: [question], ...params }).finalChatCompletion()).choices[0];

const refused = (params, code, param) => assert.rejects(ask(params), (err) => {
  assert.ok(err instanceof BadRequestError, String(err));
  assert.deepEqual([err.code, err.param], [code, param]);
  return true;
});

const members = (object) => Object.keys(object).sort();

// Bedrock takes 64 letters, digits, _ and -. These become the same name, or one that is too long, or one that is there already.
const odd = ["weather.now", "weather now", "weather_now", "Wetter/weather/für Zürich", "weather_".repeat(20)];
const oddTools = odd.map((name) => ({ type: "function", function: { ...definition, name } }));

await check("tools: R-TOOL-02 names that Bedrock does not take come back as they were given", async () => {
  const ask = { messages: [{ role: "user", content: "How is the weather in Paris, by every means?" }], tools: oddTools };
  for (const model of [nova, claude]) {
    const plain = await client.chat.completions.create({ model, ...ask });
    const { message } = await folded({ model, ...ask });
    for (const calls of [plain.choices[0].message.tool_calls, message.tool_calls]) {
      assert.deepEqual(calls.map((c) => c.function.name), odd);
      for (const c of calls) assert.deepEqual(JSON.parse(c.function.arguments), { city: "Paris" });
    }
  }
});

await check("tools: R-TOOL-02 odd names in a forced choice, in history and through runTools", async () => {
  for (const tool of oddTools) {
    const { message } = await ask({ tools: oddTools, tool_choice: { type: "function", function: { name: tool.function.name } } });
    assert.deepEqual(message.tool_calls.map((c) => c.function.name), [tool.function.name]);
  }
  const asked = [];
  const answer = (name) => ({ city }) => { asked.push(`${name}: ${city}`); return weather.answer; };
  const runnable = oddTools.slice(0, 3).map(({ function: f }) => ({ type: "function", function: { ...f, parse: JSON.parse, function: answer(f.name) } }));
  const final = await client.chat.completions.runTools({ model: claude, messages: [question], tools: runnable, stream: true }).finalContent();
  assert.deepEqual(asked.sort(), ["weather now: Paris", "weather.now: Paris", "weather_now: Paris"]);
  assert.equal(final.split(weather.answer).length, 4); // each answer reached the model
});

await check("tools: R-CHO-02 tool_choice none", async () => {
  assert.equal((await ask({ tools })).finish, "tool_calls"); // the question asks for the tool
  for (const model of [nova, claude, "meta.llama3-1-8b-instruct-v1:0"]) {
    const r = await ask({ model, tools, tool_choice: "none" });
    assert.deepEqual([r.finish, r.message.tool_calls, r.adjusted], ["stop", undefined, null]);
    assert.ok(r.message.content.includes(weather.question));
    assert.equal((await folded({ model, tools, tool_choice: "none" })).finish_reason, "stop");
  }
});

await check("tools: R-TOOL-14 R-CHO-02 a history of calls without tools", async () => {
  for (const model of [nova, claude]) {
    const { message } = await ask({ model, tools });
    const [call] = message.tool_calls;
    const messages = [question, message, { role: "tool", tool_call_id: call.id, content: weather.answer }];
    const said = `[result of tool ${weather.name} with id ${call.id}]\n${weather.answer}`; // what the model was told in its place
    for (const more of [{}, { tools, tool_choice: "none" }, { model: "mistral.mistral-7b-instruct-v0:2" }]) {
      const r = await ask({ model, messages, ...more });
      assert.deepEqual([r.finish, r.adjusted, r.message.tool_calls], ["stop", "messages[].tool_calls:flattened", undefined]);
      assert.ok(r.message.content.includes(said), r.message.content);
    }
  }
});

await check("tools: R-PAR-14 R-TOOL-17 R-FIN-03 functions", async () => {
  for (const model of [nova, claude]) {
    const [plain, streamed] = [(await ask({ model, functions })).choice, await folded({ model, functions })];
    for (const { message, finish_reason } of [plain, streamed]) {
      assert.equal(finish_reason, "function_call");
      assert.deepEqual(message.function_call, { name: weather.name, arguments: '{"city":"Paris"}' });
      assert.ok(!message.tool_calls?.length);
    }
  }
  const both = [definition, { ...definition, name: "get_population" }];
  const messages = [{ role: "user", content: "What are the weather and the population of Paris?" }];
  for (const { message } of [await ask({ messages, functions: both }), await folded({ messages, functions: both })]) {
    assert.equal(message.function_call.name, weather.name); // there is a place for one call only
    assert.ok(!message.tool_calls?.length);
  }
  await refused({ functions, tools }, "invalid_value", "functions");
});

await check("tools: R-PAR-15 function_call", async () => {
  assert.equal((await ask({ functions, function_call: "auto" })).finish, "function_call");
  assert.equal((await ask({ functions, function_call: "none" })).finish, "stop");
  const forced = await ask({ functions, function_call: { name: weather.name }, messages: [{ role: "user", content: "Hello!" }] });
  assert.equal(forced.message.function_call.name, weather.name);
  await refused({ functions, function_call: { name: "no_such" } }, "invalid_value", "function_call");
});

await check("tools: R-MSG-19 a loop with functions", async () => {
  const first = await ask({ functions });
  const result = { role: "function", name: weather.name, content: weather.answer };
  const second = await ask({ functions, messages: [question, first.message, result] });
  assert.deepEqual([second.finish, second.adjusted, second.message.content], ["stop", null, `${weather.name} returned: ${weather.answer}`]);
  const third = await ask({ functions, messages: [question, first.message, result, second.message, question, first.message, { ...result, content: "rain" }] });
  assert.deepEqual([third.adjusted, third.message.content], [null, `${weather.name} returned: rain`]); // the ids are of the gateway's making, and differ
  const without = await ask({ messages: [question, first.message, result] });
  assert.ok(without.message.content.includes(`[result of tool ${weather.name} with id fc_1]`), without.message.content);
  const orphan = await ask({ functions, messages: [question, result] });
  assert.equal(orphan.adjusted, "messages[].tool_call_id:orphan");
});

await check("tools: R-RES-04 members of a choice and of its message", async () => {
  const plain = ["content", "refusal", "role"];
  for (const [params, more] of [[{}, []], [{ tools }, ["tool_calls"]], [{ functions }, ["function_call"]]]) {
    const { choice, message } = await ask(params);
    assert.deepEqual(members(choice), ["finish_reason", "index", "logprobs", "message"]);
    assert.deepEqual([choice.index, choice.logprobs, message.role, message.refusal], [0, null, "assistant", null]);
    assert.deepEqual(members(message), [...plain, ...more].sort());
  }
  const { message } = await ask({ model: "openai.gpt-oss-120b-1:0" });
  assert.deepEqual(members(message), [...plain, "reasoning_content", "reasoning_details"].sort());
});

await check("tools: R-RES-06 content without text", async () => {
  const forced = { tools, tool_choice: "required" };
  for (const [how, message] of [["plain", (await ask(forced)).message], ["streamed", (await folded(forced)).message]]) {
    assert.equal(message.tool_calls.length, 1);
    assert.ok(how === "plain" ? message.content === null : !message.content, how); // the SDK folds "" out of the first chunk
  }
  const nothing = await ask({ ...forced, max_completion_tokens: 1 }); // the call did not fit
  assert.deepEqual([nothing.message.content, nothing.message.tool_calls, nothing.finish], ["", undefined, "length"]);
});

await check("tools: R-STR-11 a call without arguments", async () => {
  const none = [{ type: "function", function: { name: "get_weather_here" } }];
  for (const model of [nova, claude]) { // Claude sends one empty fragment and no other
    const params = { model, tools: none, messages: [question] };
    const calls = (await all(await client.chat.completions.create({ ...params, stream: true }))).flatMap((c) => c.choices).flatMap((c) => c.delta.tool_calls ?? []);
    assert.deepEqual(calls.map((c) => c.function.arguments), ["", "{}"]);
    assert.equal((await folded(params)).message.tool_calls[0].function.arguments, "{}");
  }
  let asked;
  const runnable = [{ type: "function", function: { ...none[0].function, parse: JSON.parse, function: (args) => ((asked = args), weather.answer) } }];
  await client.chat.completions.runTools({ model: claude, messages: [question], tools: runnable, stream: true }).finalContent();
  assert.deepEqual(asked, {});
});

await check("tools: abort in mid-stream", () => abort(client, { model: claude, tools }));
