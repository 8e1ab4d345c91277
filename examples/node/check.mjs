// What the client programs share: where the gateway is, and a little reporting. Each check prints one line; a failed one
// ends the program with status 1 and says why.
import assert from "node:assert/strict";
import { APIUserAbortError } from "openai";

export const baseURL = process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8080/v1";
export const apiKey = process.env.OPENAI_API_KEY ?? "unused";
export const model = process.env.CHAT_MODEL ?? "gpt-4o";
export const embeddingModel = process.env.EMBEDDING_MODEL ?? "text-embedding-3-small";
export { assert };

/** The tool that every client offers, and what it answers. */
export const weather = {
  name: "get_weather",
  description: "Tells the weather in a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string", description: "The city" } },
    required: ["city"],
    additionalProperties: false,
  },
  question: "What is the weather in Paris? Use get_weather.",
  answer: "18 degrees and drizzle",
};

export async function check(name, f) {
  try {
    await f();
    console.log(`ok   ${name}`);
  } catch (err) {
    console.log(`FAIL ${name}`);
    console.error(err);
    process.exitCode = 1;
  }
}

export function near(a, b) {
  assert.equal(a.length, b.length);
  a.forEach((x, i) => assert.ok(Math.abs(x - b[i]) < 1e-6, `value ${i}: ${x} and ${b[i]}`));
}

/** All the chunks of a stream. */
export async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** Aborts a stream of the OpenAI SDK after two chunks of an answer of many seconds, and looks that nothing came after them. */
export async function abort(client, params) {
  const stream = await client.chat.completions.create({ messages: [{ role: "user", content: "Slowly count to 5000, please." }], stream: true, ...params });
  let chunks = 0;
  try {
    for await (const _ of stream) if (++chunks === 2) stream.controller.abort();
  } catch (err) {
    assert.ok(err instanceof APIUserAbortError, String(err));
  }
  assert.equal(chunks, 2);
}
