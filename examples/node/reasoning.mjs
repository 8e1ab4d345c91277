// Reasoning with the official OpenAI SDK for Node: asked for by reasoning_effort, and sent back whole with the results of tools.
// Claude signs what it thought and refuses a history in which that was changed; so does the embedded Bedrock.
import OpenAI, { BadRequestError } from "openai";
import { abort, apiKey, assert, baseURL, check, weather } from "./check.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const tools = [{ type: "function", function: { name: weather.name, description: weather.description, parameters: weather.parameters } }];
const question = { role: "user", content: weather.question };
const ask = (messages, more) => ({ model, messages, tools, reasoning_effort: "low", ...more });

async function plain(messages) {
  const { data, response } = await client.chat.completions.create(ask(messages)).withResponse();
  const { message, finish_reason } = data.choices[0];
  return { message, finish: finish_reason, usage: data.usage, adjusted: response.headers.get("x-outcrop-adjusted") ?? "" };
}

/** Folds a stream into a message, as a client must that wants to send reasoning back: pieces with the same index belong together. */
async function streamed(messages) {
  const { data, response } = await client.chat.completions.create(ask(messages, { stream: true, stream_options: { include_usage: true } })).withResponse();
  const message = { role: "assistant", content: null };
  const append = (to, from, member) => { if (from[member] != null) to[member] = (to[member] ?? "") + from[member]; };
  let finish, usage;
  for await (const chunk of data) {
    usage = chunk.usage ?? usage;
    const choice = chunk.choices[0];
    if (!choice) continue;
    finish = choice.finish_reason ?? finish;
    append(message, choice.delta, "content");
    append(message, choice.delta, "reasoning_content");
    for (const { index, text, signature, data, ...rest } of choice.delta.reasoning_details ?? []) {
      const entry = Object.assign((message.reasoning_details ??= [])[index] ??= { index }, rest);
      for (const [member, value] of Object.entries({ text, signature, data })) append(entry, { [member]: value }, member);
    }
    for (const { index, id, function: f } of choice.delta.tool_calls ?? []) {
      const call = (message.tool_calls ??= [])[index] ??= { id, type: "function", function: { name: f.name, arguments: "" } };
      call.function.arguments += f.arguments ?? "";
    }
  }
  return { message, finish, usage, adjusted: response.headers.get("x-outcrop-adjusted") ?? "" };
}

const results = (first) => first.message.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: weather.answer }));
const told = (first) => ({ role: "tool", tool_call_id: first.message.tool_calls[0].id, content: weather.answer });

for (const [how, send] of [["plain", plain], ["streamed", streamed]]) {
  await check(`reasoning: R-PAR-17 R-RPL-01, -04 two turns with tools, ${how}`, async () => {
    const first = await send([question]);
    assert.equal(first.finish, "tool_calls");
    assert.match(first.message.reasoning_content, /There are 1 turn\..*What is the weather in Paris\?/);
    const [detail] = first.message.reasoning_details;
    assert.deepEqual([detail.type, detail.text], ["reasoning.text", first.message.reasoning_content]);
    assert.ok(detail.signature.length > 20);
    assert.deepEqual(JSON.parse(first.message.tool_calls[0].function.arguments), { city: "Paris" });

    const second = await send([question, first.message, told(first)]);
    assert.equal(second.finish, "stop");
    assert.equal(second.adjusted, ""); // nothing was taken away: the signature arrived
    assert.ok(second.message.content.includes(weather.answer), second.message.content);
    assert.match(second.message.reasoning_content, /There are 3 turns\./); // and the model thinks again

    const third = await send([question, first.message, told(first), second.message, { role: "user", content: "Thank you!" }]);
    assert.match(third.message.reasoning_content, /There are 5 turns\..*Thank you!/);
    assert.match(third.message.content, /You said: Thank you!/);
  });

  // The embedded Bedrock thinks between texts and calls when it reads THINKAGAIN, and refuses thinking that comes back elsewhere.
  await check(`reasoning: R-RPL-15 R-RPL-05 interleaved thinking goes back in its order, ${how}`, async () => {
    for (const more of ["", " SAMEID", " STRINGINPUT"]) {
      const asked = { role: "user", content: `${weather.question} THINKAGAIN${more}` };
      const first = await send([asked]);
      assert.equal(first.finish, "tool_calls");
      assert.deepEqual(first.message.tool_calls.map((c) => JSON.parse(c.function.arguments).city), more === " SAMEID" ? ["Paris", "Paris"] : ["Paris"]);
      const places = first.message.reasoning_details.map((d) => [d.after.content, d.after.tool_calls]);
      const said = first.message.content.length;
      assert.deepEqual(places, [[0, 0], [said, 0], ...(more === " SAMEID" ? [[said, 1]] : [])]);
      const second = await send([asked, first.message, ...results(first)]);
      assert.equal(second.finish, "stop");
      assert.equal(second.adjusted, "");
      assert.ok(second.message.content.includes(weather.answer), second.message.content);
      const third = await send([asked, first.message, ...results(first), second.message, { role: "user", content: "Thank you!" }]);
      assert.equal(third.adjusted, "");
      assert.match(third.message.content, /You said: Thank you!/);
      for (const d of first.message.reasoning_details) d.after = { content: 0, tool_calls: 0 };
      await assert.rejects(send([asked, first.message, ...results(first)]), (err) => err instanceof BadRequestError && /cannot be modified/.test(err.message));
    }
  });

  await check(`reasoning: an answer that stops for a tool and calls none, ${how}`, async () => {
    const first = await send([{ role: "user", content: `${weather.question} NOCALL` }]);
    assert.equal(first.finish, "stop");
    assert.equal(first.message.tool_calls, undefined);
    assert.ok(first.message.content.length > 0);
  });

  await check(`reasoning: changed reasoning is refused, ${how}`, async () => {
    const first = await send([question]);
    first.message.reasoning_details[0].text += " Or not.";
    await assert.rejects(send([question, first.message, told(first)]), (err) => err instanceof BadRequestError && /signature/i.test(err.message));
  });

  await check(`reasoning: R-RSN-07 reasoning left out, ${how}`, async () => {
    const first = await send([question]);
    delete first.message.reasoning_details;
    const second = await send([question, first.message, told(first)]);
    assert.match(second.adjusted, /reasoning_effort:disabled_missing_signature/);
    assert.equal(second.message.reasoning_content, undefined);
    assert.ok(second.message.content.includes(weather.answer), second.message.content);
  });
}

await check("reasoning: stream equals plain", async () => {
  const [a, b] = [await plain([question]), await streamed([question])];
  const parts = ({ message: m, usage: u }) => [m.content, m.reasoning_content, m.reasoning_details.map(({ text, signature }) => [text, signature]),
    m.tool_calls.map((c) => [c.function.name, c.function.arguments]), u.prompt_tokens, u.completion_tokens];
  assert.deepEqual(parts(a), parts(b));
});

await check("reasoning: not asked for, none", async () => {
  const r = await client.chat.completions.create({ model, messages: [question], tools });
  assert.ok(!("reasoning_content" in r.choices[0].message) && !("reasoning_details" in r.choices[0].message));
});

await check("reasoning: R-RPL-14 the conversation goes on with another model", async () => {
  const first = await plain([question]);
  const r = await client.chat.completions.create({ model: "amazon.nova-pro-v1:0", messages: [question, first.message, told(first)], tools });
  assert.ok(r.choices[0].message.content.includes(weather.answer));
});

await check("reasoning: abort in mid-stream", () => abort(client, { model, reasoning_effort: "low" }));
