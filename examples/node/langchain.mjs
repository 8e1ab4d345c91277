// LangChain's OpenAI classes, unmodified.
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { tool } from "@langchain/core/tools";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import OpenAI from "openai";
import { z } from "zod";
import { apiKey, assert, baseURL, check, embeddingModel, model, near, weather } from "./check.mjs";

const configuration = { baseURL };
const chat = new ChatOpenAI({ model, apiKey, configuration, maxRetries: 0 });
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 }); // to compare with
const getWeather = tool(async () => weather.answer, {
  name: weather.name, description: weather.description, schema: z.object({ city: z.string() }),
});

await check("langchain: R-PAR-02 chat", async () => {
  const r = await chat.invoke("Hello!");
  assert.ok(r.text.length > 0);
  assert.ok(r.usage_metadata.total_tokens > 0);
});

await check("langchain: R-PAR-03 R-STR-01 stream", async () => {
  let text = "", chunks = 0;
  for await (const chunk of await chat.stream("Hello!")) { text += chunk.text; chunks++; }
  assert.equal(text, (await chat.invoke("Hello!")).text);
  assert.ok(chunks > 2);
});

// A streamed answer is put together from its chunks. (`invoke` of a model with streaming: true counts tokens on the side, with
// tables that it downloads.)
const streamed = async (bound, messages) => {
  let whole;
  for await (const chunk of await bound.stream(messages)) whole = whole ? whole.concat(chunk) : chunk;
  return whole;
};

for (const [how, ask] of [["", (bound, messages) => bound.invoke(messages)], [", streamed", streamed]]) {
  await check(`langchain: R-PAR-11 tool loop of two round trips${how}`, async () => {
    const bound = chat.bindTools([getWeather]);
    const messages = [new HumanMessage(weather.question)];
    const first = await ask(bound, messages);
    assert.equal(first.tool_calls.length, 1);
    const call = first.tool_calls[0];
    assert.equal(call.name, weather.name);
    assert.ok(first.usage_metadata.total_tokens > 0);
    messages.push(first, new ToolMessage({ tool_call_id: call.id, content: await getWeather.invoke(call.args) }));
    const second = await ask(bound, messages);
    assert.ok(second.text.includes(weather.answer), second.text);
  });
}

// These classes keep no reasoning_details, so the second round trip goes on without thinking (R-RSN-07). The loop holds all the same.
for (const [how, ask] of [["", (bound, messages) => bound.invoke(messages)], [", streamed", streamed]]) {
  await check(`langchain: R-RPL-15 tool loop with interleaved thinking${how}`, async () => {
    const thinking = new ChatOpenAI({ model: "anthropic.claude-sonnet-4-5-20250929-v1:0", apiKey, configuration, maxRetries: 0, modelKwargs: { reasoning_effort: "low" } });
    const bound = thinking.bindTools([getWeather]);
    const messages = [new HumanMessage(`${weather.question} THINKAGAIN SAMEID`)];
    const first = await ask(bound, messages);
    assert.deepEqual(first.tool_calls.map((call) => call.args.city), ["Paris", "Paris"]);
    assert.ok(!("reasoning_details" in first.additional_kwargs));
    messages.push(first);
    for (const call of first.tool_calls) messages.push(new ToolMessage({ tool_call_id: call.id, content: await getWeather.invoke(call.args) }));
    const second = await ask(bound, messages);
    assert.ok(second.text.includes(weather.answer), second.text);
    messages.push(second, new HumanMessage("Thank you!"));
    assert.match((await ask(bound, messages)).text, /You said: Thank you!/);
  });
}

const City = z.object({ name: z.string(), people: z.number() });
for (const [way, id] of [
  ["native", "anthropic.claude-haiku-4-5-20251001-v1:0"], ["tool", "amazon.nova-pro-v1:0"], ["instruction", "meta.llama3-3-70b-instruct-v1:0"],
]) {
  await check(`langchain: R-PAR-12, -16 R-FMT-02, -05 withStructuredOutput, ${way}`, async () => {
    const one = new ChatOpenAI({ model: id, apiKey, configuration, maxRetries: 0 });
    const methods = way === "instruction" ? ["jsonSchema"] : ["jsonSchema", "functionCalling"]; // this model takes no forced tool
    for (const method of methods) {
      const bound = one.withStructuredOutput(City, { name: "city", method });
      const city = await bound.invoke("Tell me about Oslo.");
      assert.deepEqual([city.name, typeof city.people], ["Oslo", "number"]);
      let last;
      for await (const partial of await bound.stream("Tell me about Oslo.")) last = partial;
      assert.deepEqual(last, city, method);
    }
  });
}

for (const model of [embeddingModel, "amazon.titan-embed-text-v1", "cohere.embed-multilingual-v3", "cohere.embed-v4:0", "amazon.nova-2-multimodal-embeddings-v1:0"]) {
  await check(`langchain: R-EMB-01, -03, -18 embeddings, ${model}`, async () => {
    const embeddings = new OpenAIEmbeddings({ model, apiKey, configuration, maxRetries: 0 });
    const input = ["the cat sat on the mat", "a dog in the garden"];
    const vectors = await embeddings.embedDocuments(input);
    const floats = await openai.embeddings.create({ model, input, encoding_format: "float" });
    floats.data.forEach((d, i) => near(vectors[i], d.embedding));
    near(vectors[0], await embeddings.embedQuery(input[0]));
  });
}

// Whoever names no model gets the one that the SDK has built in; the gateway's aliases lead it to a model of Bedrock.
await check("langchain: the default models of the SDK", async () => {
  const r = await new ChatOpenAI({ apiKey, configuration, maxRetries: 0 }).invoke("Hello!");
  assert.ok(r.text.length > 0);
  const vector = await new OpenAIEmbeddings({ apiKey, configuration, maxRetries: 0 }).embedQuery("the cat sat on the mat");
  assert.equal(vector.length, 1536); // as many as OpenAI's text-embedding-ada-002 has
});

await check("langchain: R-ERR-01 error", async () => {
  const wrong = new ChatOpenAI({ model: "no-such-model", apiKey, configuration, maxRetries: 0 });
  await assert.rejects(wrong.invoke("hi"), (err) => err.status === 404 && err.code === "model_not_found");
});

await check("langchain: abort in mid-stream", async () => {
  const controller = new AbortController();
  let chunks = 0;
  await assert.rejects(async () => {
    for await (const _ of await chat.stream("Slowly count to 5000, please.", { signal: controller.signal })) if (++chunks === 2) controller.abort();
  }, /abort/i);
  assert.ok((await chat.invoke("Still there?")).text.length > 0);
});
